"""Operations on domains, types and tags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyswf_fast.exceptions import ServiceFault
from pyswf_fast.service.domain import (
    ACTIVITY_TYPE,
    DEPRECATED,
    REGISTERED,
    WORKFLOW_TYPE,
    Domain,
    RegisteredType,
)
from pyswf_fast.service.machine import Machine
from pyswf_fast.service.paging import cut

__all__ = ["OPERATIONS"]

Params = dict[str, Any]
Answer = dict[str, Any]

MOST_TAGS = 50


def register_domain(machine: Machine, now_ms: int, params: Params) -> None:
    """RegisterDomain."""
    name = params["name"]
    if name in machine.domains:
        raise ServiceFault("DomainAlreadyExistsFault", name)
    if len(machine.domains) >= machine.limits.domains:
        raise ServiceFault("LimitExceededFault", f"There are {machine.limits.domains} domains already")
    domain = Domain(
        name, params["workflowExecutionRetentionPeriodInDays"], machine.limits, params.get("description")
    )
    _add_tags(domain, params.get("tags", []))
    machine.domains[name] = domain
    machine.changes.domains[name] = domain


def describe_domain(machine: Machine, now_ms: int, params: Params) -> Answer:
    """DescribeDomain."""
    domain = machine.domain(params["name"])
    configuration = {"workflowExecutionRetentionPeriodInDays": domain.retention}
    return {"domainInfo": domain.info(), "configuration": configuration}


def list_domains(machine: Machine, now_ms: int, params: Params) -> Answer:
    """ListDomains."""
    found = [d.info() for _, d in sorted(machine.domains.items()) if d.status == params["registrationStatus"]]
    return cut("ListDomains", "domainInfos", found, params, now_ms, (params["registrationStatus"],))


def deprecate_domain(machine: Machine, now_ms: int, params: Params) -> None:
    """DeprecateDomain: its types are deprecated with it."""
    domain = machine.domain(params["name"])
    if domain.status == DEPRECATED:
        raise ServiceFault("DomainDeprecatedFault", domain.name)
    domain.status = DEPRECATED
    machine.changes.domains[domain.name] = domain
    for registered in domain.types.values():
        if registered.status == REGISTERED:
            _set_status(machine, domain, registered, DEPRECATED, now_ms)


def undeprecate_domain(machine: Machine, now_ms: int, params: Params) -> None:
    """UndeprecateDomain: its types stay deprecated."""
    domain = machine.domain(params["name"])
    if domain.status == REGISTERED:
        raise ServiceFault("DomainAlreadyExistsFault", domain.name)
    domain.status = REGISTERED
    machine.changes.domains[domain.name] = domain


def tag_resource(machine: Machine, now_ms: int, params: Params) -> None:
    """TagResource."""
    domain = _by_arn(machine, params["resourceArn"])
    _add_tags(domain, params["tags"])
    machine.changes.domains[domain.name] = domain


def untag_resource(machine: Machine, now_ms: int, params: Params) -> None:
    """UntagResource."""
    domain = _by_arn(machine, params["resourceArn"])
    for key in params["tagKeys"]:
        domain.tags.pop(key, None)
    machine.changes.domains[domain.name] = domain


def list_tags(machine: Machine, now_ms: int, params: Params) -> Answer:
    """ListTagsForResource."""
    domain = _by_arn(machine, params["resourceArn"])
    tags = [
        {"key": key} if value is None else {"key": key, "value": value} for key, value in domain.tags.items()
    ]
    return {"tags": tags}


def _by_arn(machine: Machine, arn: str) -> Domain:
    for domain in machine.domains.values():
        if domain.arn == arn:
            return domain
    raise ServiceFault("UnknownResourceFault", f"Unknown resource: {arn}")


def _add_tags(domain: Domain, tags: list[dict[str, str]]) -> None:
    merged = {**domain.tags, **{tag["key"]: tag.get("value") for tag in tags}}
    if len(merged) > MOST_TAGS:
        raise ServiceFault("TooManyTagsFault", f"A domain has at most {MOST_TAGS} tags")
    domain.tags = merged


# Types: one set of operations for both kinds.


def _reference(kind: str) -> str:
    return kind[0].lower() + kind[1:]


def _register_type(kind: str, machine: Machine, now_ms: int, params: Params) -> None:
    domain = machine.domain(params["domain"])
    domain.require_registered()
    key = (kind, params["name"], params["version"])
    if key in domain.types:
        raise ServiceFault("TypeAlreadyExistsFault", str(domain.types[key]))
    if sum(existing == kind for existing, _, _ in domain.types) >= machine.limits.types:
        raise ServiceFault("LimitExceededFault", f"The domain has {machine.limits.types} types already")
    defaults = {name: value for name, value in params.items() if name.startswith("default")}
    registered = RegisteredType(
        kind, params["name"], params["version"], now_ms, defaults, params.get("description")
    )
    domain.types[key] = registered
    machine.changes.types[domain.name, *key] = registered


def _describe_type(kind: str, machine: Machine, now_ms: int, params: Params) -> Answer:
    registered = machine.domain(params["domain"]).the_type(kind, params[_reference(kind)])
    return {"typeInfo": registered.info(), "configuration": registered.defaults}


def _list_types(kind: str, machine: Machine, now_ms: int, params: Params) -> Answer:
    domain = machine.domain(params["domain"])
    name, status = params.get("name"), params["registrationStatus"]
    found = [
        registered.info()
        for (found_kind, found_name, _), registered in sorted(domain.types.items())
        if found_kind == kind and registered.status == status and name in (None, found_name)
    ]
    return cut(kind, "typeInfos", found, params, now_ms, (domain.name, name, status))


def _deprecate_type(kind: str, machine: Machine, now_ms: int, params: Params) -> None:
    domain = machine.domain(params["domain"])
    registered = domain.the_type(kind, params[_reference(kind)])
    if registered.status == DEPRECATED:
        raise ServiceFault("TypeDeprecatedFault", str(registered))
    _set_status(machine, domain, registered, DEPRECATED, now_ms)


def _undeprecate_type(kind: str, machine: Machine, now_ms: int, params: Params) -> None:
    domain = machine.domain(params["domain"])
    registered = domain.the_type(kind, params[_reference(kind)])
    if registered.status == REGISTERED:
        raise ServiceFault("TypeAlreadyExistsFault", str(registered))
    domain.require_registered()
    _set_status(machine, domain, registered, REGISTERED, None)


def _delete_type(kind: str, machine: Machine, now_ms: int, params: Params) -> None:
    domain = machine.domain(params["domain"])
    registered = domain.the_type(kind, params[_reference(kind)])
    if registered.status != DEPRECATED:
        raise ServiceFault(
            "TypeNotDeprecatedFault",
            "The type is currently registered and cannot be deleted in its current state",
        )
    key = (kind, registered.name, registered.version)
    del domain.types[key]
    machine.changes.types[domain.name, *key] = None


def _set_status(
    machine: Machine, domain: Domain, registered: RegisteredType, status: str, deprecated_ms: int | None
) -> None:
    registered.status, registered.deprecated_ms = status, deprecated_ms
    machine.changes.types[domain.name, registered.kind, registered.name, registered.version] = registered


def _of(
    kind: str, operation: Callable[[str, Machine, int, Params], Answer | None]
) -> Callable[[Machine, int, Params], Answer | None]:
    return lambda machine, now_ms, params: operation(kind, machine, now_ms, params)


OPERATIONS: dict[str, Callable[[Machine, int, Params], Answer | None]] = {
    "RegisterDomain": register_domain,
    "DescribeDomain": describe_domain,
    "ListDomains": list_domains,
    "DeprecateDomain": deprecate_domain,
    "UndeprecateDomain": undeprecate_domain,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "ListTagsForResource": list_tags,
}
for _kind in (ACTIVITY_TYPE, WORKFLOW_TYPE):
    OPERATIONS[f"Register{_kind}"] = _of(_kind, _register_type)
    OPERATIONS[f"Describe{_kind}"] = _of(_kind, _describe_type)
    OPERATIONS[f"List{_kind}s"] = _of(_kind, _list_types)
    OPERATIONS[f"Deprecate{_kind}"] = _of(_kind, _deprecate_type)
    OPERATIONS[f"Undeprecate{_kind}"] = _of(_kind, _undeprecate_type)
    OPERATIONS[f"Delete{_kind}"] = _of(_kind, _delete_type)
