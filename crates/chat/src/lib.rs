//! The product: rules, commands and storage of Hearth, free of any transport.
