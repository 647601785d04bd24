/* What is never called, for runners that ask for it all the same. */
#define REST(name) int fmi3##name(void) { return 3; }
REST(InstantiateScheduledExecution) REST(GetFloat32) REST(GetInt8) REST(GetUInt8) REST(GetInt16) REST(GetUInt16)
REST(GetUInt32) REST(GetInt64) REST(GetUInt64) REST(GetString) REST(GetBinary) REST(GetClock)
REST(SetFloat32) REST(SetInt8) REST(SetUInt8) REST(SetInt16) REST(SetUInt16) REST(SetUInt32) REST(SetInt64)
REST(SetUInt64) REST(SetString) REST(SetBinary) REST(GetNumberOfVariableDependencies)
REST(GetVariableDependencies) REST(GetDirectionalDerivative) REST(GetAdjointDerivative) REST(EnterConfigurationMode)
REST(ExitConfigurationMode) REST(GetIntervalDecimal) REST(GetIntervalFraction) REST(GetShiftDecimal)
REST(GetShiftFraction) REST(SetIntervalDecimal) REST(SetIntervalFraction) REST(SetShiftDecimal) REST(SetShiftFraction)
REST(EvaluateDiscreteStates) REST(GetOutputDerivatives) REST(ActivateModelPartition)
