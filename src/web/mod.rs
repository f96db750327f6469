//! The shell: the core over JavaScript hosts. Each file is one host API; none holds a rule.
