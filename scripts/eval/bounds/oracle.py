"""What calls cost, and what would have been reserved for them, by LiteLLM's own code: JSON Lines in, JSON Lines out.

A case: {model, provider, usage, serviceTier?, residency?, searches?, request, route, input}; `usage` holds the arguments of
LiteLLM's Usage, `request` and `route` what its proxy would have seen, `input` the tokens that the prompt has. The answer: {usd}
or {error}, and {reserved}, null where it reserves nothing.
"""

import json
import sys

from litellm_words import litellm, usage_of
from litellm.litellm_core_utils.llm_cost_calc.tool_call_cost_tracking import StandardBuiltInToolCostTracking
from litellm.llms.anthropic.cost_calculation import get_cost_for_anthropic_web_search
from litellm.proxy.spend_tracking.budget_reservation import estimate_request_max_cost

# A prompt of more is counted by the generator: what is compared is what is reserved for it, not how fast it is counted.
COUNTED_HERE = 100_000


def price(case):
    usage = usage_of(case["usage"])
    prompt, completion = litellm.cost_per_token(
        model=case["model"],
        custom_llm_provider=case["provider"],
        usage_object=usage,
        service_tier=case.get("serviceTier"),
        data_residency=case.get("residency"),
        call_type=case["callType"],
    )
    total = prompt + completion
    if case.get("searches"):
        info, provider = StandardBuiltInToolCostTracking._resolve_model_info(case["model"], case["provider"])
        if provider == "anthropic":
            total += get_cost_for_anthropic_web_search(info, usage)
        else:
            total += StandardBuiltInToolCostTracking.get_default_cost_for_web_search(info) * case["searches"]
    return total


def reserve(case):
    request = case["request"]
    counts = {request["model"]: case["input"]} if case["input"] > COUNTED_HERE else None
    return estimate_request_max_cost(
        request_body=request, route=case["route"], llm_router=None, input_token_counts=counts
    )


for line in sys.stdin:
    case = json.loads(line)
    try:
        answer = {"usd": repr(price(case))}
    except Exception as error:  # an oracle that cannot price a case says so; the run counts it
        answer = {"error": f"{type(error).__name__}: {error}"[:200]}
    try:
        answer["reserved"] = reserve(case)
    except Exception as error:
        answer["reserved"] = None
    print(json.dumps(answer), flush=False)
