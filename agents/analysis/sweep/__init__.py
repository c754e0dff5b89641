"""Many runs compared: families of variants, and the experiments that re-test the AIR paper's claims."""
