mod browser;
mod command;
mod sample;
mod schema;
mod text;
