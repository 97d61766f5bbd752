mod edit;
mod list;
mod send;
mod sync;
