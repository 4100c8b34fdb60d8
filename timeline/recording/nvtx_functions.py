"""Hooks of ``nvtx.annotate`` and of functions such as ``nvtx.push_range``."""

from __future__ import annotations

import functools
import types
from typing import Any

from timeline.recording.nvtx_words import Current, Words, domain_name

__all__ = ["hook_functions"]


def hook_functions(module: Any, words: Words) -> None:
    """Hook ``nvtx.nvtx``."""
    _hook_annotate(module.annotate, words)
    _hook_module(module, words)
    _hook_bound(module, words)


def _hook_annotate(cls: Any, words: Words) -> None:
    enter, leave, call = cls.__enter__, cls.__exit__, cls.__call__

    def __enter__(self: Any) -> Any:  # noqa: N807
        log = Current.log
        return self if log is not None and log.push(words.of_annotate(self)) else enter(self)

    def __exit__(self: Any, *error: Any) -> Any:  # noqa: N807
        log = Current.log
        if log is not None and log.pop(words.of_annotate(self).domain):
            return False
        return leave(self, *error)

    def __call__(self: Any, func: Any) -> Any:  # noqa: N807
        return _decorated(self, func, call(self, func), words)

    cls.__enter__, cls.__exit__, cls.__call__ = __enter__, __exit__, __call__


def _decorated(annotate: Any, func: Any, original: Any, words: Words) -> Any:
    """``func`` in a range; ``original`` is what nvtx makes of it."""

    @functools.wraps(func)
    def inner(*args: Any, **kwargs: Any) -> Any:
        log = Current.log
        found = words.of_annotate(annotate)
        if not found.name:
            found = found._replace(name=func.__name__)
        if log is None or not log.push(found):
            return original(*args, **kwargs)
        try:
            return func(*args, **kwargs)
        finally:
            log.pop(found.domain)

    return inner


def _hook_module(module: Any, words: Words) -> None:
    def mark(original: Any, *args: Any, **kwargs: Any) -> None:
        log = Current.log
        if log is None or not log.mark(words.of(*args, **kwargs)):
            original(*args, **kwargs)

    def push_range(original: Any, *args: Any, **kwargs: Any) -> None:
        log = Current.log
        if log is None or not log.push(words.of(*args, **kwargs)):
            original(*args, **kwargs)

    def pop_range(original: Any, domain: str | None = None) -> None:
        log = Current.log
        if log is None or not log.pop(domain_name(domain)):
            original(domain)

    def start_range(original: Any, *args: Any, **kwargs: Any) -> Any:
        log = Current.log
        number = log.start(words.of(*args, **kwargs)) if log is not None else None
        return original(*args, **kwargs) if number is None else (number, None)

    def end_range(original: Any, range_id: Any) -> None:
        ours = isinstance(range_id, tuple) and range_id[1] is None
        if not ours:
            original(range_id)
        elif Current.log is not None:
            Current.log.end(range_id[0])

    for handler in (mark, push_range, pop_range, start_range, end_range):
        _redirect(module, getattr(module, handler.__name__), handler)


def _template(*args: Any, **kwargs: Any) -> Any:
    return _target(*args, **kwargs)  # type: ignore[name-defined] # noqa: F821 - replaced below


def _redirect(module: Any, function: Any, handler: Any) -> None:
    """Let ``function`` call ``handler``, also through references that others hold."""
    name, code = function.__name__, function.__code__
    original = types.FunctionType(code, function.__globals__, name, function.__defaults__)
    arguments = code.co_varnames[: code.co_argcount]
    given = dict(zip(arguments[::-1], (function.__defaults__ or ())[::-1], strict=False))
    color = {"color": given["color"]} if given.get("color") is not None else {}
    before_color = arguments.index("color") if color else 0

    def redirected(*args: Any, **kwargs: Any) -> Any:
        if color and len(args) <= before_color:
            kwargs = {**color, **kwargs}
        return handler(original, *args, **kwargs)

    target = f"_timeline_{name}"
    setattr(module, target, redirected)
    function.__code__ = _template.__code__.replace(co_names=(target,), co_name=name)


def _hook_bound(module: Any, words: Words) -> None:
    """The extension's functions, which functions that were decorated earlier call."""
    push, pop = module.libnvtx_push_range, module.libnvtx_pop_range

    def push_range(attributes: Any, handle: Any) -> None:
        log = Current.log
        domain = module.get_domain(handle.name or None) if log is not None else None
        if log is None or not log.push(words.of_attributes(attributes, domain)):
            push(attributes, handle)

    def pop_range(handle: Any) -> None:
        log = Current.log
        if log is None or not log.pop(domain_name(handle.name)):
            pop(handle)

    module.libnvtx_push_range, module.libnvtx_pop_range = push_range, pop_range
