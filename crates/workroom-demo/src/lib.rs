//! The demo worlds: seeded upstream servers, a job, its truth, and both ways of doing it.
