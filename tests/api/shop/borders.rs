//! Who may buy what, when, and how many; and that a refusal changes nothing.
