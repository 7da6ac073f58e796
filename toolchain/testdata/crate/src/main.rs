mod parity;

fn main() {
    println!("{}", parity::of(7));
}
