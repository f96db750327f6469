"""Counts by Hugging Face's tokenizers: the first line is the path of a tokenizer.json, each further one a text as JSON."""

import json
import sys

from tokenizers import Tokenizer

tokenizer = Tokenizer.from_file(json.loads(sys.stdin.readline()))
tokenizer.no_truncation()
texts = [json.loads(line) for line in sys.stdin]
for encoding in tokenizer.encode_batch_fast(texts, add_special_tokens=False):
    print(len(encoding.ids))
