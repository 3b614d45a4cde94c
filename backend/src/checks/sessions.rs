//! To come with its first check.
