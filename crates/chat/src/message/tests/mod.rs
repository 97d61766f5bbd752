mod list;
mod send;
mod sync;
