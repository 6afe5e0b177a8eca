"""Assertions in the helper modules say what they saw, too."""

import pytest

pytest.register_assert_rewrite("e2e.conversation_16", "e2e.conversation_2x", "e2e.world")
