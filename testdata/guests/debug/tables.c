int primes[4] = {2, 3, 5, 7};
const char *const words[2] = {"zero", "one"};
