"""JSONata expressions: parsing, the registry of functions, evaluation."""

from .expression import Expression
from .functions import Example, Function, Parameter, Registry
from .parse import ExpressionError
from .values import UNDEFINED, Scope

__all__ = ["UNDEFINED", "Example", "Expression", "ExpressionError", "Function", "Parameter", "Registry", "Scope"]
