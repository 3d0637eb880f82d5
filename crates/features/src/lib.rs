//! Feature schema: inference from data, fitting, and encoding of requests to numbers and ids.
