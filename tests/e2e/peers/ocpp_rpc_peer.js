// A station or a CSMS made of the npm package `ocpp-rpc` in strict mode, in a process of its own. It obeys and prints
// the same JSON lines as ocpp_peer.py; `complaint` is whatever the package finds invalid, in either direction.
//
//     NODE_PATH=.../node_modules node ocpp_rpc_peer.js station ocpp1.6 ws://HOST:PORT/IDENTITY
//     NODE_PATH=.../node_modules node ocpp_rpc_peer.js csms ocpp2.0.1 PORT
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const readline = require("node:readline");
const { RPCClient, RPCServer, createRPCError } = require("ocpp-rpc");

const [side, version, where] = process.argv.slice(2);
const family = version === "ocpp1.6" ? "ocpp1.6" : "ocpp2.0.1";
const answers = JSON.parse(fs.readFileSync(path.join(__dirname, "answers.json"), "utf8"))[`${family} ${side}`];
let counter = 4711;
let peer = null;

function say(line) {
  process.stdout.write(JSON.stringify(line) + "\n");
}

function answerTo(method, params) {
  if (!(method in answers)) throw createRPCError("NotImplemented", `this peer has no answer to ${method}`);
  const answer = {};
  for (const [key, value] of Object.entries(answers[method])) {
    answer[key] = value === "@now" ? new Date().toISOString() : value === "@counter" ? counter++ : value;
  }
  if (method === "TransactionEvent" && !params.idToken) delete answer.idTokenInfo;
  return answer;
}

function talk(client) {
  peer = client;
  client.on("message", ({ message, outbound }) => {
    if (!outbound) say({ frame: JSON.parse(message.toString()) });
  });
  client.on("badMessage", ({ error }) => say({ complaint: String(error) }));
  client.on("strictValidationFailure", ({ error }) => say({ complaint: String(error) }));
  client.on("close", ({ code }) => say({ closed: code }));
  client.handle(({ method, params, messageId }) => {
    say({ got: method, id: messageId });
    return answerTo(method, params);
  });
}

async function obey(command) {
  const { call: action, number } = command;
  try {
    say({ answered: action, number, payload: await peer.call(action, command.payload) });
  } catch (error) {
    if (error.rpcErrorCode) say({ refused: action, number, code: error.rpcErrorCode, description: error.message });
    else say({ complaint: `${action}: ${error}`, number });
  }
}

async function main() {
  const options = { protocols: [version], strictMode: true };
  if (side === "csms") {
    const server = new RPCServer(options);
    server.on("client", (client) => {
      talk(client);
      say({ open: client.protocol });
    });
    await server.listen(Number(where), "127.0.0.1");
    say({ listening: Number(where) });
  } else {
    const url = new URL(where);
    const client = new RPCClient({
      ...options,
      endpoint: `${url.protocol}//${url.host}`,
      identity: url.pathname.slice(1),
      reconnect: false,
    });
    talk(client);
    await client.connect();
    say({ open: client.protocol });
  }
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", (line) => obey(JSON.parse(line)));
  lines.on("close", () => process.exit(0));
}

main();
