"""What both oracles need of LiteLLM: the package, quiet and with the price table that it comes with, and its usage."""

import logging
import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
logging.disable(logging.CRITICAL)

import litellm
from litellm.types.utils import CompletionTokensDetailsWrapper, PromptTokensDetailsWrapper, Usage

litellm.suppress_debug_info = True


def usage_of(fields):
    """LiteLLM's Usage of the arguments that a case has for it."""
    details = {"prompt_tokens_details": PromptTokensDetailsWrapper, "completion_tokens_details": CompletionTokensDetailsWrapper}
    return Usage(**{key: details[key](**value) if key in details else value for key, value in fields.items()})
