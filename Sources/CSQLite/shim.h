#include <sqlite3.h>

// The destructor constant is a cast of -1 to a function pointer, which Swift cannot import.
static inline sqlite3_destructor_type altp_sqlite_transient(void) { return SQLITE_TRANSIENT; }
