"""The simulated station and CSMS of `ocpp-crosswalk demo`, and of `serve` without a CSMS.

What they say is data: `station.yaml` and `csms.yaml`. Answers are templates whose strings are JSONata over the call.
"""
