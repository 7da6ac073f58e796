// Never ends. What it does over and over is its first argument: the ways in which Rust
// code can be found, such as calls of traits and closures, sorting, collections and text.
use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

// keep hides a value from the optimiser.
#[inline(never)]
fn keep<T>(v: T) -> T {
    v
}

trait Node {
    fn value(&self, x: u32) -> u32;
}

struct Leaf;

struct Sum(Box<dyn Node>, Box<dyn Node>);

impl Node for Leaf {
    fn value(&self, x: u32) -> u32 {
        x.wrapping_mul(3) + 1
    }
}

impl Node for Sum {
    fn value(&self, x: u32) -> u32 {
        self.0.value(x).wrapping_add(self.1.value(x + 1))
    }
}

fn tree(depth: u32) -> Box<dyn Node> {
    if depth == 0 {
        return Box::new(Leaf);
    }
    Box::new(Sum(tree(depth - 1), tree(depth - 1)))
}

fn traits() {
    let t = tree(6);
    for i in 0..20 {
        keep(t.value(i));
    }
}

fn closures() {
    let mut v: Vec<u32> = (0..400).map(|i: u32| i.wrapping_mul(2654435761)).collect();
    let mask = keep(0x5a5a);
    v.sort_by(|a, b| (a ^ mask).cmp(&(b ^ mask)));
    keep(v.iter().fold(0u32, |a, b| a.rotate_left(3) ^ b));
}

#[inline(never)]
fn collatz(n: u64, depth: u32) -> u32 {
    if n == 1 || depth == 300 {
        return depth;
    }
    collatz(if n % 2 == 0 { n / 2 } else { 3 * n + 1 }, depth + 1).wrapping_add(keep(0))
}

fn recursion() {
    for n in 1..50 {
        keep(collatz(n, 0));
    }
}

fn collections() {
    let mut by_name = BTreeMap::new();
    let mut by_hash = HashMap::new();
    for i in 0..60u32 {
        by_name.insert(format!("name {}", i * 7919 % 61), i);
        by_hash.insert(i, by_name.len());
    }
    keep((by_name, by_hash));
}

fn host() {
    for _ in 0..20 {
        keep(Instant::now());
    }
}

fn main() {
    let turn = match std::env::args().nth(1).as_deref() {
        Some("traits") => traits,
        Some("closures") => closures,
        Some("recursion") => recursion,
        Some("collections") => collections,
        Some("host") => host,
        _ => std::process::exit(2),
    };
    loop {
        keep(turn)();
    }
}
