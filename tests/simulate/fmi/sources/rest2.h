/* What is never called, for runners that ask for it all the same. */
#define REST(name) int fmi2##name(void) { return 3; }
REST(GetString) REST(SetString) REST(GetDirectionalDerivative)
REST(SetRealInputDerivatives) REST(GetRealOutputDerivatives) REST(CancelStep) REST(GetStatus) REST(GetRealStatus)
REST(GetIntegerStatus) REST(GetBooleanStatus) REST(GetStringStatus)
