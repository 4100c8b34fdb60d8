"""Hooks of ``nvtx.Domain``, and of its stand-in where no tool listens (0.2.12 and later)."""

from __future__ import annotations

import functools
import types
from typing import Any

from timeline.recording.nvtx_words import Current, Words, domain_name

__all__ = ["hook_domains"]


def hook_domains(package: Any, module: Any, words: Words) -> None:
    """Hook the classes that ``nvtx.nvtx`` has imported."""
    if hasattr(module.Domain, "push_range"):
        _hook_domain(module.Domain, words)
    silent = getattr(module, "dummy_domain", None)
    if silent is not None:
        _hook_silent(type(silent), words)
        _name_silent(package, module, silent)


def _hook_domain(cls: Any, words: Words) -> None:
    names = ("push_range", "pop_range", "start_range", "end_range", "mark")
    push, pop, start, end, mark_ = (getattr(cls, name) for name in names)

    def push_range(self: Any, attributes: Any = None, **changes: Any) -> None:
        log = Current.log
        if log is None or not log.push(words.of_call(self, attributes, changes)):
            push(self, *_given(attributes), **changes)

    def pop_range(self: Any) -> None:
        log = Current.log
        if log is None or not log.pop(domain_name(self.name)):
            pop(self)

    def start_range(self: Any, attributes: Any = None, **changes: Any) -> Any:
        log = Current.log
        number = log.start(words.of_call(self, attributes, changes)) if log is not None else None
        return start(self, *_given(attributes), **changes) if number is None else number

    def end_range(self: Any, range_id: int) -> None:
        log = Current.log
        if log is None or not log.end(range_id):
            end(self, range_id)

    def mark(self: Any, attributes: Any = None, **changes: Any) -> None:
        log = Current.log
        if log is None or not log.mark(words.of_call(self, attributes, changes)):
            mark_(self, *_given(attributes), **changes)

    _put_in(cls, push_range, pop_range, start_range, end_range, mark)


def _given(attributes: Any) -> tuple[Any, ...]:
    return () if attributes is None else (attributes,)


def _put_in(cls: Any, *methods: Any) -> None:
    for method in methods:
        setattr(cls, method.__name__, method)


class _Attributes:
    """Event attributes of a silent domain, which nvtx itself has none for."""

    def __init__(
        self, message: Any = None, color: Any = None, category: Any = None, payload: Any = None
    ) -> None:
        self.message, self.color, self.category, self.payload = message, color, category, payload


def _hook_silent(cls: Any, words: Words) -> None:
    """Let the silent domain take ranges while a recording runs; else it does nothing, as before."""

    def get_registered_string(self: Any, string: Any) -> Any:
        return types.SimpleNamespace(string=string, domain=self)

    def get_category_id(self: Any, name: Any) -> Any:
        return name

    def get_event_attributes(self: Any, *args: Any, **kwargs: Any) -> Any:
        return _Attributes(*args, **kwargs)

    def set_event_attributes(self: Any, attributes: Any, **changes: Any) -> None:
        for name, value in changes.items():
            setattr(attributes, name, value)

    def push_range(self: Any, attributes: Any = None, **changes: Any) -> None:
        if Current.log is not None:
            Current.log.push(words.of_call(self, attributes, changes))

    def pop_range(self: Any) -> None:
        if Current.log is not None:
            Current.log.pop(domain_name(getattr(self, "name", None)))

    def start_range(self: Any, attributes: Any = None, **changes: Any) -> int:
        log = Current.log
        return (log.start(words.of_call(self, attributes, changes)) if log else None) or 0

    def end_range(self: Any, range_id: int) -> None:
        if Current.log is not None:
            Current.log.end(range_id)

    def mark(self: Any, attributes: Any = None, **changes: Any) -> None:
        if Current.log is not None:
            Current.log.mark(words.of_call(self, attributes, changes))

    _put_in(cls, get_registered_string, get_category_id, get_event_attributes)
    _put_in(cls, set_event_attributes, push_range, pop_range, start_range, end_range, mark)


def _name_silent(package: Any, module: Any, silent: Any) -> None:
    """Give silent domains their names; nvtx has one, nameless, for all.

    Its own functions compare with that one, so only what users get is replaced.
    """
    cls, get_domain, new = module.Domain, module.get_domain, module.Domain.__new__
    named_class = type("NamedDummyDomain", (type(silent),), {})

    @functools.cache
    def named(name: str | None) -> Any:
        domain = named_class()
        domain.name = name
        return domain

    def of_users(_: Any, name: str | None = None) -> Any:
        domain = new(cls, name)
        return named(name) if domain is silent else domain

    def of_nvtx(name: str | None = None) -> Any:
        domain = new(cls, name)
        if domain is not silent:
            domain.__init__(name)
        return domain

    @functools.wraps(get_domain)
    def public(name: str | None = None) -> Any:
        domain = get_domain(name)
        return named(name) if domain is silent else domain

    cls.__new__ = staticmethod(of_users)
    module.Domain, package.get_domain = of_nvtx, public
