int longest_run(const char *text);
double mean(long long sum, double count);
