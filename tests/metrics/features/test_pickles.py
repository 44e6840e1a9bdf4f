"""A pickle that is a program is refused and does not run; so is one of anything else."""

import pickle

import pytest
from pth_files import (
    GOOD,
    MAGIC,
    VERSION,
    in_stream,
    in_zip,
    integer,
    refused,
    several,
    state,
    tensor,
    text,
)

PROGRAMS = {
    "posix.mkdir": lambda path: b"cposix\nmkdir\n" + several(text(path)) + b"R",
    "builtins.eval": lambda path: (
        b"cbuiltins\neval\n" + several(text(f"__import__('os').mkdir({path!r})")) + b"R"
    ),
    "builtins.getattr": lambda path: (
        b"cbuiltins\ngetattr\n"
        + several(b"cbuiltins\n__import__\n" + several(text("os")) + b"R", text("mkdir"))
        + b"R"
        + several(text(path))
        + b"R"
    ),
    "the instruction INST": lambda path: b"(" + text(path) + b"iposix\nmkdir\n",
    "the instruction STACK_GLOBAL": lambda path: (
        text("posix") + text("mkdir") + b"\x93" + several(text(path)) + b"R"
    ),
}


@pytest.mark.parametrize("reason", PROGRAMS)
def test_a_program_is_refused_wherever_it_stands_and_does_not_run(tmp_path, reason):
    made = tmp_path / "made"
    program = PROGRAMS[reason](str(made))
    pickle.loads(b"\x80\x02" + program + b".")
    made.rmdir()  # it does what it should, where it is run
    whole = b"\x80\x02" + program + b"."
    places = [
        in_zip(whole),
        in_zip(state(x=tensor(), y=program)),
        in_zip(state(x=tensor(at=program))),
        in_zip(state(x=tensor())[:-1] + program + b"b."),
        in_stream(state(x=tensor(), y=program)),
        *(in_stream(state(x=tensor())).replace(part, whole) for part in (MAGIC, VERSION)),
        in_stream(state(x=tensor())).replace(text("0") + b"e.", program + b"e."),
    ]
    for content in places:
        assert reason in refused(tmp_path, content)
        assert not made.exists()


@pytest.mark.parametrize(
    "name", ["torch.load", "torch.BFloat16Storage", "torch._utils._rebuild_tensor", "torch._utils."]
)
def test_other_names_are_refused(tmp_path, name):
    module, _, function = name.rpartition(".")
    content = state(x=f"c{module}\n{function}\n".encode())
    assert f"(it refers to {name})" in refused(tmp_path, in_zip(content))


@pytest.mark.parametrize(
    ("pickled", "reason"),
    [
        (b"\x80\x02].", "it holds more than tensors by name"),
        (b"\x80\x02}" + integer(1) + tensor() + b"s.", "something else than a dict of names"),
        (b"\x80\x02}(" + text("x") + b"u.", "zip() argument 2 is shorter than argument 1"),
        (b"\x80\x02](" + text("x") + tensor() + b"u.", "something else than a dict of names"),
        (b"\x80\x02}" + text("x") + b"a.", "it adds to what is no list"),
        (b"\x80\x02h\x05.", "(5)"),
        (b"\x80\x02t.", "pop from empty list"),
        (b"\x80\x02R.", "it takes values that it has not made"),
        (b"\x80\x02(N" + b"0" * 3 + b".", "it has the instruction POP"),
        (b"\x80\x02" + b"(" * 2 + b"NtR.", "it takes values that it has not made"),
        (b"\x80\x04\x95" + b"\xff" * 8 + b"N.", "it has the instruction FRAME"),
        (b"\x80\x02r\xff\xff\xff\xff.", "list index out of range"),
        (b"\xff", "opcode"),
        (b"", "exhausted before seeing STOP"),
    ],
)
def test_other_pickles_are_refused(tmp_path, pickled, reason):
    assert reason in refused(tmp_path, in_zip(pickled))


def test_a_value_within_itself_ends(tmp_path):
    deep = b"N" + b"\x85" * 100_000  # a tuple in a tuple, and so on
    assert "more than tensors by name" in refused(tmp_path, in_zip(state(x=deep)))
    whole = in_stream(GOOD).replace(text("0") + b"e.", deep + b"e.")
    assert "it has numbers of no tensor" in refused(tmp_path, whole)
    itself = b"\x80\x02]q\x00h\x00a."
    assert "more than tensors by name" in refused(tmp_path, in_zip(itself))
