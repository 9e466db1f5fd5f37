"""Operations on domains, types and tags."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pyswf_fast.exceptions import ServiceFault
from pyswf_fast.service.domain import (
    ACTIVITY_TYPE,
    DEPRECATED,
    REGISTERED,
    WORKFLOW_TYPE,
    Domain,
    RegisteredType,
    domain_key,
)
from pyswf_fast.service.paging import cut
from pyswf_fast.service.request import Answer, Request

__all__ = ["OPERATIONS"]


def register_domain(call: Request) -> None:
    """RegisterDomain."""
    name = call.params["name"]
    key = domain_key(call.region, name)
    if key in call.machine.domains:
        raise ServiceFault("DomainAlreadyExistsFault", name)
    if len(_domains(call)) >= call.machine.limits.domains:
        raise ServiceFault("LimitExceededFault", f"There are {call.machine.limits.domains} domains already")
    domain = Domain(
        key,
        call.params["workflowExecutionRetentionPeriodInDays"],
        call.machine.limits,
        call.params.get("description"),
    )
    _add_tags(domain, call.params.get("tags", []))
    call.machine.domains[key] = domain
    call.machine.changes.domains[key] = domain


def describe_domain(call: Request) -> Answer:
    """DescribeDomain."""
    domain = call.the_domain(call.params["name"])
    configuration = {"workflowExecutionRetentionPeriodInDays": domain.retention}
    return {"domainInfo": domain.info(), "configuration": configuration}


def list_domains(call: Request) -> Answer:
    """ListDomains."""
    found = [d.info() for d in _domains(call) if d.status == call.params["registrationStatus"]]
    return cut(call, "ListDomains", "domainInfos", found, (call.params["registrationStatus"],))


def deprecate_domain(call: Request) -> None:
    """DeprecateDomain: its types are deprecated with it."""
    domain = call.the_domain(call.params["name"])
    if domain.status == DEPRECATED:
        raise ServiceFault("DomainDeprecatedFault", domain.name)
    domain.status = DEPRECATED
    call.machine.changes.domains[domain.key] = domain
    for registered in domain.types.values():
        if registered.status == REGISTERED:
            _set_status(call, domain, registered, DEPRECATED)


def undeprecate_domain(call: Request) -> None:
    """UndeprecateDomain: its types stay deprecated."""
    domain = call.the_domain(call.params["name"])
    if domain.status == REGISTERED:
        raise ServiceFault("DomainAlreadyExistsFault", domain.name)
    domain.status = REGISTERED
    call.machine.changes.domains[domain.key] = domain


def tag_resource(call: Request) -> None:
    """TagResource."""
    domain = _by_arn(call)
    _add_tags(domain, call.params["tags"])
    call.machine.changes.domains[domain.key] = domain


def untag_resource(call: Request) -> None:
    """UntagResource."""
    domain = _by_arn(call)
    for key in call.params["tagKeys"]:
        domain.tags.pop(key, None)
    call.machine.changes.domains[domain.key] = domain


def list_tags(call: Request) -> Answer:
    """ListTagsForResource."""
    domain = _by_arn(call)
    tags = [
        {"key": key} if value is None else {"key": key, "value": value} for key, value in domain.tags.items()
    ]
    return {"tags": tags}


def _domains(call: Request) -> list[Domain]:
    """The domains of the request's region, by name."""
    return [domain for _, domain in sorted(call.machine.domains.items()) if domain.region == call.region]


def _by_arn(call: Request) -> Domain:
    for domain in _domains(call):
        if domain.arn == call.params["resourceArn"]:
            return domain
    raise ServiceFault("UnknownResourceFault", f"Unknown resource: {call.params['resourceArn']}")


def _add_tags(domain: Domain, tags: list[dict[str, str]]) -> None:
    merged = {**domain.tags, **{tag["key"]: tag.get("value") for tag in tags}}
    if len(merged) > domain.limits.tags:
        raise ServiceFault("TooManyTagsFault", f"A domain has at most {domain.limits.tags} tags")
    domain.tags = merged


# Types: one set of operations for both kinds.


def _reference(kind: str) -> str:
    return kind[0].lower() + kind[1:]


def _register_type(kind: str, call: Request) -> None:
    domain = call.domain
    domain.require_registered()
    key = (kind, call.params["name"], call.params["version"])
    if key in domain.types:
        raise ServiceFault("TypeAlreadyExistsFault", str(domain.types[key]))
    if sum(existing == kind for existing, _, _ in domain.types) >= call.machine.limits.types:
        raise ServiceFault("LimitExceededFault", f"The domain has {call.machine.limits.types} types already")
    defaults = {name: value for name, value in call.params.items() if name.startswith("default")}
    registered = RegisteredType(
        kind,
        call.params["name"],
        call.params["version"],
        call.now_ms,
        defaults,
        call.params.get("description"),
    )
    domain.types[key] = registered
    _note(call, domain, registered)


def _describe_type(kind: str, call: Request) -> Answer:
    registered = call.domain.the_type(kind, call.params[_reference(kind)])
    return {"typeInfo": registered.info(), "configuration": registered.defaults}


def _list_types(kind: str, call: Request) -> Answer:
    domain = call.domain
    name, status = call.params.get("name"), call.params["registrationStatus"]
    found = [
        registered.info()
        for (found_kind, found_name, _), registered in sorted(domain.types.items())
        if found_kind == kind and registered.status == status and name in (None, found_name)
    ]
    return cut(call, kind, "typeInfos", found, (domain.name, name, status))


def _deprecate_type(kind: str, call: Request) -> None:
    domain = call.domain
    registered = domain.the_type(kind, call.params[_reference(kind)])
    if registered.status == DEPRECATED:
        raise ServiceFault("TypeDeprecatedFault", str(registered))
    _set_status(call, domain, registered, DEPRECATED)


def _undeprecate_type(kind: str, call: Request) -> None:
    domain = call.domain
    registered = domain.the_type(kind, call.params[_reference(kind)])
    if registered.status == REGISTERED:
        raise ServiceFault("TypeAlreadyExistsFault", str(registered))
    domain.require_registered()
    _set_status(call, domain, registered, REGISTERED)


def _delete_type(kind: str, call: Request) -> None:
    domain = call.domain
    registered = domain.the_type(kind, call.params[_reference(kind)])
    if registered.status != DEPRECATED:
        raise ServiceFault(
            "TypeNotDeprecatedFault",
            "The type is currently registered and cannot be deleted in its current state",
        )
    del domain.types[kind, registered.name, registered.version]
    call.machine.changes.types[domain.key, kind, registered.name, registered.version] = None


def _set_status(call: Request, domain: Domain, registered: RegisteredType, status: str) -> None:
    registered.status = status
    registered.deprecated_ms = call.now_ms if status == DEPRECATED else None
    _note(call, domain, registered)


def _note(call: Request, domain: Domain, registered: RegisteredType) -> None:
    key = (domain.key, registered.kind, registered.name, registered.version)
    call.machine.changes.types[key] = registered


OPERATIONS: dict[str, Callable[[Request], Answer]] = {
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
    OPERATIONS[f"Register{_kind}"] = partial(_register_type, _kind)
    OPERATIONS[f"Describe{_kind}"] = partial(_describe_type, _kind)
    OPERATIONS[f"List{_kind}s"] = partial(_list_types, _kind)
    OPERATIONS[f"Deprecate{_kind}"] = partial(_deprecate_type, _kind)
    OPERATIONS[f"Undeprecate{_kind}"] = partial(_undeprecate_type, _kind)
    OPERATIONS[f"Delete{_kind}"] = partial(_delete_type, _kind)
