/* Made by tensor/make_ptx of mask.cu: change that file. */
R"ptx(.version 9.0
.target sm_75
.address_size 64
.visible .entry mask_32(
	.param .u64 mask_32_param_0,
	.param .u64 mask_32_param_1,
	.param .u64 mask_32_param_2,
	.param .u32 mask_32_param_3,
	.param .u32 mask_32_param_4
)
{
	.reg .pred 	%p<4>;
	.reg .b32 	%r<24>;
	.reg .b64 	%rd<20>;
	ld.param.u64 	%rd7, [mask_32_param_0];
	ld.param.u64 	%rd8, [mask_32_param_1];
	ld.param.u64 	%rd9, [mask_32_param_2];
	ld.param.u32 	%r4, [mask_32_param_3];
	ld.param.u32 	%r5, [mask_32_param_4];
	mov.u32 	%r1, %ntid.x;
	mov.u32 	%r6, %ctaid.y;
	mov.u32 	%r7, %tid.x;
	mad.lo.s32 	%r8, %r6, %r1, %r7;
	cvt.u64.u32 	%rd19, %r8;
	setp.ge.u64 	%p1, %rd19, %rd9;
	@%p1 bra 	$L__BB0_3;
	mov.u32 	%r9, %ctaid.x;
	cvt.u64.u32 	%rd10, %r9;
	cvta.to.global.u64 	%rd11, %rd8;
	mul.wide.u32 	%rd12, %r9, 8;
	add.s64 	%rd13, %rd11, %rd12;
	ld.global.u64 	%rd14, [%rd13];
	mov.u32 	%r10, %nctaid.y;
	mul.lo.s32 	%r11, %r10, %r1;
	cvt.u64.u32 	%rd2, %r11;
	mul.lo.s64 	%rd3, %rd10, %rd9;
	shr.u64 	%rd15, %rd14, 32;
	cvt.u32.u64 	%r2, %rd15;
	cvt.u32.u64 	%r3, %rd14;
	cvta.to.global.u64 	%rd4, %rd7;
$L__BB0_2:
	cvt.u32.u64 	%r12, %rd19;
	add.s32 	%r13, %r12, %r3;
	shr.u32 	%r14, %r13, 16;
	xor.b32  	%r15, %r14, %r13;
	mul.lo.s32 	%r16, %r15, 2146121005;
	xor.b32  	%r17, %r16, %r2;
	shr.u32 	%r18, %r17, 15;
	xor.b32  	%r19, %r18, %r17;
	mul.lo.s32 	%r20, %r19, -2073254261;
	shr.u32 	%r21, %r20, 16;
	xor.b32  	%r22, %r21, %r20;
	setp.lt.u32 	%p2, %r22, %r4;
	selp.b32 	%r23, %r5, 0, %p2;
	add.s64 	%rd16, %rd19, %rd3;
	shl.b64 	%rd17, %rd16, 2;
	add.s64 	%rd18, %rd4, %rd17;
	st.global.u32 	[%rd18], %r23;
	add.s64 	%rd19, %rd19, %rd2;
	setp.lt.u64 	%p3, %rd19, %rd9;
	@%p3 bra 	$L__BB0_2;
$L__BB0_3:
	ret;
}
.visible .entry mask_16(
	.param .u64 mask_16_param_0,
	.param .u64 mask_16_param_1,
	.param .u64 mask_16_param_2,
	.param .u32 mask_16_param_3,
	.param .u32 mask_16_param_4
)
{
	.reg .pred 	%p<4>;
	.reg .b16 	%rs<3>;
	.reg .b32 	%r<23>;
	.reg .b64 	%rd<20>;
	ld.param.u64 	%rd7, [mask_16_param_0];
	ld.param.u64 	%rd8, [mask_16_param_1];
	ld.param.u64 	%rd9, [mask_16_param_2];
	ld.param.u32 	%r4, [mask_16_param_3];
	ld.param.u32 	%r5, [mask_16_param_4];
	mov.u32 	%r1, %ntid.x;
	mov.u32 	%r6, %ctaid.y;
	mov.u32 	%r7, %tid.x;
	mad.lo.s32 	%r8, %r6, %r1, %r7;
	cvt.u64.u32 	%rd19, %r8;
	setp.ge.u64 	%p1, %rd19, %rd9;
	@%p1 bra 	$L__BB1_3;
	mov.u32 	%r9, %ctaid.x;
	cvt.u64.u32 	%rd10, %r9;
	cvta.to.global.u64 	%rd11, %rd8;
	mul.wide.u32 	%rd12, %r9, 8;
	add.s64 	%rd13, %rd11, %rd12;
	ld.global.u64 	%rd14, [%rd13];
	mov.u32 	%r10, %nctaid.y;
	mul.lo.s32 	%r11, %r10, %r1;
	cvt.u64.u32 	%rd2, %r11;
	mul.lo.s64 	%rd3, %rd10, %rd9;
	shr.u64 	%rd15, %rd14, 32;
	cvt.u32.u64 	%r2, %rd15;
	cvt.u32.u64 	%r3, %rd14;
	cvt.u16.u32 	%rs1, %r5;
	cvta.to.global.u64 	%rd4, %rd7;
$L__BB1_2:
	cvt.u32.u64 	%r12, %rd19;
	add.s32 	%r13, %r12, %r3;
	shr.u32 	%r14, %r13, 16;
	xor.b32  	%r15, %r14, %r13;
	mul.lo.s32 	%r16, %r15, 2146121005;
	xor.b32  	%r17, %r16, %r2;
	shr.u32 	%r18, %r17, 15;
	xor.b32  	%r19, %r18, %r17;
	mul.lo.s32 	%r20, %r19, -2073254261;
	shr.u32 	%r21, %r20, 16;
	xor.b32  	%r22, %r21, %r20;
	setp.lt.u32 	%p2, %r22, %r4;
	selp.b16 	%rs2, %rs1, 0, %p2;
	add.s64 	%rd16, %rd19, %rd3;
	shl.b64 	%rd17, %rd16, 1;
	add.s64 	%rd18, %rd4, %rd17;
	st.global.u16 	[%rd18], %rs2;
	add.s64 	%rd19, %rd19, %rd2;
	setp.lt.u64 	%p3, %rd19, %rd9;
	@%p3 bra 	$L__BB1_2;
$L__BB1_3:
	ret;
}
)ptx"
