// The Script whose start is measured: prints the monotonic clock, in nanoseconds, as the first thing it does.
#include <stdio.h>
#include <time.h>

int main(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    printf("%lld\n", (long long)time.tv_sec * 1000000000 + time.tv_nsec);
    return 0;
}
