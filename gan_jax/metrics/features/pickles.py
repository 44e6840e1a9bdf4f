"""The pickle of a PyTorch state dict, interpreted so that nothing in it can run.

A pickle is a program: it may name any function and have it called, so `pickle` is not used here.
The few instructions that a state dict consists of are followed one by one; dicts, lists, tuples
and plain values come of them, and records of what is a tensor in PyTorch. Nothing is called, and
any other instruction or name is refused.
"""

import pickletools
from typing import IO, Any, NamedTuple

import numpy as np

DTYPES = {
    f"torch {name}Storage": np.dtype(code)
    for name, code in {"Double": "<f8", "Float": "<f4", "Half": "<f2", "Long": "<i8"}.items()
}
_DICT = "collections OrderedDict"
_TENSOR, _PARAMETER = "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_parameter"
_NAMES = {_DICT, _TENSOR, _PARAMETER, *DTYPES}


class Storage(NamedTuple):
    """Numbers that stand elsewhere in the file, under a key."""

    key: str
    dtype: np.dtype
    size: int


class Tensor(NamedTuple):
    """A strided view of a storage; what it says is not yet held against the storage."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]  # as the offset, in numbers


class _Name(NamedTuple):
    """What a pickle refers to: a module and a name, with a space between."""

    text: str


def read(stream: IO[bytes]) -> Any:
    """The value of the pickle, of protocol 2, that a stream goes on with.

    Raises `ValueError`, or another of the errors of a stack that is too short or of a value that
    is of another type, for a pickle of anything but a state dict.
    """
    stack: list[Any] = []
    marks: list[int] = []
    memo: dict[int, Any] = {}

    def pop(count: int) -> list[Any]:
        if count > len(stack):
            raise ValueError("it takes values that it has not made")
        taken = stack[len(stack) - count :]
        del stack[len(stack) - count :]
        return taken

    def pop_to_mark() -> list[Any]:
        return pop(len(stack) - marks.pop())

    argument: Any
    for opcode, argument, _ in pickletools.genops(stream):
        match opcode.name:
            case "PROTO":
                pass
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                stack.append({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[opcode.name])
            case "BININT" | "BININT1" | "BININT2" | "LONG1" | "BINUNICODE":
                stack.append(argument)
            case "EMPTY_DICT" | "EMPTY_LIST" | "EMPTY_TUPLE":
                stack.append({"EMPTY_DICT": {}, "EMPTY_LIST": [], "EMPTY_TUPLE": ()}[opcode.name])
            case "MARK":
                marks.append(len(stack))
            case "TUPLE":
                stack.append(tuple(pop_to_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                stack.append(tuple(pop(int(opcode.name[-1]))))
            case "SETITEM" | "SETITEMS":
                pairs = pop(2) if opcode.name == "SETITEM" else pop_to_mark()
                _update(stack[-1], pairs)
            case "APPEND" | "APPENDS":
                values = pop(1) if opcode.name == "APPEND" else pop_to_mark()
                _extend(stack[-1], values)
            case "BINPUT" | "LONG_BINPUT":
                memo[argument] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(memo[argument])
            case "GLOBAL":
                if argument not in _NAMES:
                    raise ValueError(f"it refers to {argument.replace(' ', '.')}")
                stack.append(_Name(argument))
            case "REDUCE":
                stack.append(_made(*pop(2)))
            case "BINPERSID":
                stack.append(_storage(*pop(1)))
            case "BUILD":
                pop(1)  # attributes of a dict, such as the versions of modules
            case "STOP":
                return pop(1)[0]
            case other:
                raise ValueError(f"it has the instruction {other}")
    raise ValueError("it ends too soon")


def _update(target: Any, pairs: list[Any]) -> None:
    keys, values = pairs[::2], pairs[1::2]
    if type(target) is not dict or any(type(key) is not str for key in keys):
        raise ValueError("it has something else than a dict of names")
    target.update(zip(keys, values, strict=True))


def _extend(target: Any, values: list[Any]) -> None:
    if type(target) is not list:
        raise ValueError("it adds to what is no list")
    target.extend(values)


def _made(name: Any, arguments: Any) -> Any:
    """What stands for the value of a call of a name with a tuple of arguments."""
    match name, arguments:
        case _Name(text), () if text == _DICT:
            return {}
        case _Name(text), (Storage() as storage, offset, tuple(shape), tuple(strides), *_) if (
            text == _TENSOR and len(shape) == len(strides) and _are_counts(offset, *shape, *strides)
        ):
            return Tensor(storage, offset, shape, strides)
        case _Name(text), (Tensor() as tensor, *_) if text == _PARAMETER:
            return tensor
    raise ValueError("it calls something for what is no tensor")


def _storage(saved: Any) -> Storage:
    match saved:
        case ("storage", _Name(dtype), str(key), str(), size, *rest) if (
            dtype in DTYPES and _are_counts(size) and rest in ([], [None])
        ):
            return Storage(key, DTYPES[dtype], size)
    raise ValueError("it has a storage of an unknown kind")


def _are_counts(*values: Any) -> bool:
    return all(type(value) is int and value >= 0 for value in values)
