// Variables in blocks of their own, whose code is in several places.
use std::collections::BTreeMap;

#[inline(never)]
fn longest<'a>(words: &[&'a str]) -> &'a str {
    words.iter().copied().max_by_key(|w| w.len()).unwrap_or("")
}

fn main() {
    let words = vec!["a", "abc", "ab"];
    let mut counts: BTreeMap<usize, u32> = BTreeMap::new();
    for word in &words {
        *counts.entry(word.len()).or_default() += 1;
    }
    let best = longest(&words);
    let total: u32 = counts.values().sum();
    println!("{best} {total}");
}
