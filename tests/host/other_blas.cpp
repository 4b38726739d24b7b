// A BLAS that is not OpenBLAS, as far as heddle looks at one before it multiplies: compiled with threads that can be asked for,
// and without.
extern "C" {
void cblas_sgemm() {}
#ifdef HEDDLE_TELLS_THREADS
int MKL_Get_Max_Threads() { return 3; }
#endif
}
