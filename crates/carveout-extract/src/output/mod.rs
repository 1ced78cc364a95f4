//! Reports as text, JSON and one self-contained page.
//!
//! Each format is a function from a report to a string, and knows nothing of files and terminals;
//! [`mod@file`] and [`terminal`] are where those are known.

pub mod file;
pub mod html;
pub mod json;
pub mod terminal;
pub mod text;
mod width;
mod words;
