#include "bench/ptx.h"

#include <doctest/doctest.h>

#include <string>

namespace heddle::bench {

TEST_SUITE_BEGIN("kernels");

TEST_CASE("ptx / arithmetic and memory instructions of each kernel are counted, other lines are not") {
  const std::string ptx = R"(.version 8.0
.visible .func  (.param .b32 func_retval0) helper(
)
{
	add.s32 	%r1, %r2, %r3;
}
.visible .entry _ZN6heddle7kernels4cuda51_GLOBAL__N__d3bb443d_18_row_per_subwarp_cu_1e2e36625scaleI6float4Li2EEEvPKfPfl(
	.param .u64 scale_param_0,
)
.maxntid 256, 1, 1
{
	.reg .pred 	%p<3>;
	ld.param.u64 	%rd1, [scale_param_0];
	mov.u32 	%r1, %tid.x;
	mad.lo.s32 	%r2, %r1, 4, %r3;
	setp.ge.s32 	%p1, %r2, %r4;
	@%p1 bra 	$L__BB0_2;
	ld.global.nc.v4.f32 	{%f1, %f2, %f3, %f4}, [%rd4];
	@%p2 fma.rn.f32 	%f5, %f1, %f2, %f3;
	st.shared.f32 	[%rd5], %f5;
	bar.sync 	0;
	atom.global.add.f32 	%f6, [%rd6], %f5;
$L__BB0_2:
	ret;
}
.visible .entry plain()
{
	// add.s32 in a comment
	ret;
}
)";
  const auto kernels = count_ptx(ptx);
  REQUIRE(kernels.size() == 2);
  REQUIRE(kernels.contains("scale<float4, 2>"));
  CHECK(kernels.at("scale<float4, 2>").arithmetic == 3);  // mad, setp, fma
  CHECK(kernels.at("scale<float4, 2>").memory == 3);      // ld.global, st.shared, atom
  REQUIRE(kernels.contains("plain"));
  CHECK(kernels.at("plain").arithmetic == 0);
}

TEST_CASE("ptx / a kernel has one name in all its builds") {
  CHECK(kernel_name("_ZN6heddle7kernels17simt_instrumented12_GLOBAL__N_15scaleINS1_6float4ELi2EEEvPKfPfl") == "scale<float4, 2>");
  CHECK(kernel_name("_ZN6heddle7kernels4simt12_GLOBAL__N_14copyEPf") == "copy");
  CHECK(kernel_name("_ZN6heddle7kernels4cuda12_GLOBAL__N_14copyILNS1_6ValuesE1EEEvPf") == "copy<(Values)1>");
  CHECK(kernel_name("no_cpp_name") == "no_cpp_name");
}

TEST_SUITE_END();

}  // namespace heddle::bench
