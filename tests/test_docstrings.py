"""What docstrings of public functions must say."""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import gan_jax

ARRAY = re.compile(r"jax\.Array|ndarray|ArrayImpl")
SHAPE = re.compile(r"\[[^\]]*\]|scalar|shape|\bstep\b|\bkeys?\b")


def public_functions():
    """Every public function and method that gan_jax defines."""
    root = str(Path(gan_jax.__file__).parent)
    for found in pkgutil.walk_packages([root], "gan_jax."):
        module = importlib.import_module(found.name)
        classes = [value for name, value in vars(module).items() if inspect.isclass(value)]
        for owner in (module, *(c for c in classes if c.__module__ == module.__name__)):
            for name, value in list(vars(owner).items()):
                function = value.fget if isinstance(value, property) else value
                of_here = getattr(function, "__module__", "") == module.__name__
                if inspect.isfunction(function) and of_here and name[0] != "_":
                    private = inspect.isclass(owner) and owner.__name__[0] == "_"
                    if not private:
                        yield f"{module.__name__}.{owner.__name__}.{name}", owner, name, function


def documentation(owner, name, function):
    """A docstring, or that of the method it implements."""
    return inspect.getdoc(getattr(owner, name)) or inspect.getdoc(function) or ""


def test_functions_of_arrays_give_shapes():
    """For a method that implements another one, where the first is documented."""
    missing = [
        path
        for path, owner, name, function in public_functions()
        if ARRAY.search(str(function.__annotations__))
        and not SHAPE.search(documentation(owner, name, function))
    ]
    assert missing == []
