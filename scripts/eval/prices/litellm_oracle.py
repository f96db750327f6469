"""Prices cases with LiteLLM's own calculators: JSON Lines in, JSON Lines out, in the same order.

A case: {model, provider, usage, serviceTier?, residency?, location?, batch?, searches?, general?, at?}; `usage` holds the
arguments of LiteLLM's Usage. With `general` its general calculator is asked, which reads every rate of the table, and
`own` in the answer is what the provider's own calculator says. The answer: {usd} as Python writes the double, or {error}.
"""

import json
import sys
from datetime import datetime

from litellm_words import litellm, usage_of
from litellm.litellm_core_utils.llm_cost_calc.utils import generic_cost_per_token
from litellm.litellm_core_utils.llm_cost_calc.tool_call_cost_tracking import StandardBuiltInToolCostTracking
from litellm.llms.anthropic.cost_calculation import get_cost_for_anthropic_web_search


def price(case):
    usage = usage_of(case["usage"])
    fee = searches(case, usage) if case.get("searches") else 0
    answer = {}
    if case.get("general"):
        at = case.get("at")
        prompt, completion = generic_cost_per_token(
            model=case["model"],
            usage=usage,
            custom_llm_provider=case["provider"],
            service_tier=case.get("serviceTier"),
            current_time=datetime.fromisoformat(at.replace("Z", "+00:00")) if at else None,
        )
        answer["usd"] = repr(prompt + completion + fee)
        if at:
            return answer
    prompt, completion = litellm.cost_per_token(
        model=case["model"],
        custom_llm_provider=case["provider"],
        usage_object=usage,
        service_tier=case.get("serviceTier"),
        data_residency=case.get("residency"),
        vertex_location=case.get("location"),
        call_type="aretrieve_batch" if case.get("batch") else "completion",
    )
    answer["own" if case.get("general") else "usd"] = repr(prompt + completion + fee)
    return answer


def searches(case, usage):
    """The fee of the web searches that the usage reports."""
    info, provider = StandardBuiltInToolCostTracking._resolve_model_info(case["model"], case["provider"])
    if provider == "anthropic":
        return get_cost_for_anthropic_web_search(info, usage)
    from litellm.llms import get_cost_for_web_search_request

    cost = get_cost_for_web_search_request(custom_llm_provider=provider, usage=usage, model_info=info)
    # Perplexity's stands in its own calculator, which always takes the small size of the search's context.
    if cost is not None and provider != "perplexity":
        return cost
    # Where a provider has no calculator of its own LiteLLM charges the medium fee for each call that a response lists.
    return StandardBuiltInToolCostTracking.get_default_cost_for_web_search(info) * case["searches"]


for line in sys.stdin:
    try:
        answer = price(json.loads(line))
    except Exception as error:  # an oracle that cannot price a case says so; the comparison counts it
        answer = {"error": f"{type(error).__name__}: {error}"[:200]}
    print(json.dumps(answer), flush=False)
