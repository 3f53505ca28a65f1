#pragma once

#include <gnutls/gnutls.h>

// The function is a variable, which Swift takes for shared mutable state.
static inline void altp_gnutls_free(void *memory) { gnutls_free(memory); }
