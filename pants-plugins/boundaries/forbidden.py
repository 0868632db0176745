"""Applies the dependency rules of the BUILD files to the imports of a file."""

from __future__ import annotations

from dataclasses import dataclass

from pants.engine.addresses import Address, Addresses
from pants.engine.internals.build_files import _get_target_family_and_adaptor_for_dep_rules
from pants.engine.internals.dep_rules import DependencyRuleAction
from pants.engine.rules import Get, collect_rules, rule
from pants.engine.target import DependenciesRuleApplication, DependenciesRuleApplicationRequest

from boundaries.imports import Imports

_UNOWNED = "correct the name, or add it to 3rdparty/python/requirements.txt and run scripts/lock"


@dataclass(frozen=True)
class ForbiddenRequest:
    address: Address
    file: str
    imports: Imports


@dataclass(frozen=True)
class Forbidden:
    messages: tuple[tuple[str, str], ...]  # each import as an exception names it, and the message


@rule(desc="Apply the dependency rules to imports")
async def forbidden_imports(request: ForbiddenRequest) -> Forbidden:
    providers = {provider for each in request.imports for provider in each.providers}
    applied = await Get(
        DependenciesRuleApplication,
        DependenciesRuleApplicationRequest(
            request.address,
            Addresses(sorted(providers - {request.address})),
            description_of_origin="boundaries",
        ),
    )
    denied = {
        provider: application.rule_description
        for provider, application in applied.dependencies_rule.items()
        if application.action is DependencyRuleAction.DENY
    }
    involved = (request.address, *denied)
    declared = await _get_target_family_and_adaptor_for_dep_rules(
        *involved, description_of_origin="boundaries"
    )
    rules = dict(zip(involved, declared))

    def reason(provider: Address) -> str:
        family, adaptor = rules[request.address]
        if denied[provider].partition(" -> ")[0].endswith("[!*]"):  # the importing side's rule
            ruleset = family.dependencies_rules.get_ruleset(request.address, adaptor)
            return f"{ruleset.build_file} lets it import only {_allowed(ruleset)}"
        family, adaptor = rules[provider]
        ruleset = family.dependents_rules.get_ruleset(provider, adaptor)
        return f"{ruleset.build_file} lets only {_allowed(ruleset)} import it"

    messages = []
    for each in request.imports:
        key = f"{request.file} {each.verb} {each.module}"
        found = f"{request.file}:{each.line} {each.verb} {each.module}"
        if each.elsewhere:
            owners = ", ".join(map(str, each.elsewhere))
            messages.append((key, f"{found}, which is in another lock only: {owners}"))
        elif not each.providers:
            messages.append((key, f"{found}, which no target provides: {_UNOWNED}"))
        for provider in each.providers:
            if provider in denied:
                name = provider.filename if provider.is_file_target else provider
                messages.append((key, f"{found} ({name}): {reason(provider)}"))
    return Forbidden(tuple(messages))


def _allowed(ruleset) -> str:
    return ", ".join(rule.lstrip("/") for rule in ruleset.peek() if not rule.startswith("!"))


def rules():
    return collect_rules()
