use std::collections::BTreeMap;

#[inline(never)]
fn count(text: &str) -> BTreeMap<char, usize> {
    let mut seen = BTreeMap::new();
    for c in text.chars() {
        *seen.entry(c).or_insert(0) += 1;
    }
    seen
}

fn main() {
    println!("{:?}", count("abca"));
    std::process::exit(4);
}
