//! A world to test the product in.
