//! Writes a page with every part filled in, from made-up numbers: `cargo run -p nar4rec-report --example sample -- page.html`.

#[path = "../tests/sample/mod.rs"]
mod sample;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("expected the path of the page to write")?;
    std::fs::write(path, nar4rec_report::render(&sample::report())?)?;
    Ok(())
}
