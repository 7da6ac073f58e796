pub fn of(n: u32) -> &'static str {
    if n % 2 == 0 { "even" } else { "odd" }
}
