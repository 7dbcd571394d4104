/* Made by tensor/make_ptx of mask.cu: change that file. */
R"ptx(.version 9.0
.target sm_75
.address_size 64
.visible .entry mask_32(
	.param .u64 mask_32_param_0,
	.param .u64 mask_32_param_1,
	.param .align 8 .b8 mask_32_param_2[32],
	.param .u64 mask_32_param_3,
	.param .u32 mask_32_param_4,
	.param .u32 mask_32_param_5
)
{
	.reg .pred 	%p<10>;
	.reg .b32 	%r<35>;
	.reg .b64 	%rd<132>;
	ld.param.u64 	%rd31, [mask_32_param_0];
	ld.param.u64 	%rd32, [mask_32_param_1];
	ld.param.u64 	%rd37, [mask_32_param_3];
	ld.param.u32 	%r4, [mask_32_param_4];
	ld.param.u32 	%r5, [mask_32_param_5];
	ld.param.u64 	%rd36, [mask_32_param_2+24];
	ld.param.u64 	%rd35, [mask_32_param_2+16];
	ld.param.u64 	%rd34, [mask_32_param_2+8];
	ld.param.u64 	%rd33, [mask_32_param_2];
	mov.u32 	%r6, %ctaid.x;
	cvt.u64.u32 	%rd1, %r6;
	setp.eq.s64 	%p1, %rd34, 0;
	mul.lo.s64 	%rd38, %rd34, %rd35;
	selp.b64 	%rd4, 1, %rd38, %p1;
	and.b64  	%rd39, %rd4, -4294967296;
	setp.eq.s64 	%p2, %rd39, 0;
	@%p2 bra 	$L__BB0_2;
	div.u64 	%rd124, %rd1, %rd4;
	bra.uni 	$L__BB0_3;
$L__BB0_2:
	cvt.u32.u64 	%r7, %rd4;
	cvt.u32.u64 	%r8, %rd1;
	div.u32 	%r9, %r8, %r7;
	cvt.u64.u32 	%rd124, %r9;
$L__BB0_3:
	cvta.to.global.u64 	%rd40, %rd32;
	shl.b64 	%rd41, %rd124, 3;
	add.s64 	%rd42, %rd40, %rd41;
	ld.global.u64 	%rd43, [%rd42];
	add.s64 	%rd44, %rd43, -7046029254386353131;
	shr.u64 	%rd45, %rd44, 30;
	xor.b64  	%rd46, %rd45, %rd44;
	mul.lo.s64 	%rd47, %rd46, -4658895280553007687;
	shr.u64 	%rd48, %rd47, 27;
	xor.b64  	%rd49, %rd48, %rd47;
	mul.lo.s64 	%rd50, %rd49, -7723592293110705685;
	shr.u64 	%rd51, %rd50, 31;
	add.s64 	%rd52, %rd33, -3335678366873096957;
	xor.b64  	%rd53, %rd50, %rd52;
	xor.b64  	%rd54, %rd53, %rd51;
	shr.u64 	%rd55, %rd54, 30;
	xor.b64  	%rd56, %rd55, %rd54;
	mul.lo.s64 	%rd57, %rd56, -4658895280553007687;
	shr.u64 	%rd58, %rd57, 27;
	xor.b64  	%rd59, %rd58, %rd57;
	mul.lo.s64 	%rd60, %rd59, -7723592293110705685;
	shr.u64 	%rd61, %rd60, 31;
	xor.b64  	%rd130, %rd61, %rd60;
	@%p1 bra 	$L__BB0_11;
	and.b64  	%rd62, %rd35, -4294967296;
	setp.eq.s64 	%p4, %rd62, 0;
	@%p4 bra 	$L__BB0_6;
	div.u64 	%rd125, %rd1, %rd35;
	mul.lo.s64 	%rd63, %rd125, %rd35;
	sub.s64 	%rd126, %rd1, %rd63;
	bra.uni 	$L__BB0_7;
$L__BB0_6:
	cvt.u32.u64 	%r10, %rd35;
	cvt.u32.u64 	%r11, %rd1;
	div.u32 	%r12, %r11, %r10;
	mul.lo.s32 	%r13, %r12, %r10;
	sub.s32 	%r14, %r11, %r13;
	cvt.u64.u32 	%rd125, %r12;
	cvt.u64.u32 	%rd126, %r14;
$L__BB0_7:
	and.b64  	%rd64, %rd34, -4294967296;
	setp.eq.s64 	%p5, %rd64, 0;
	@%p5 bra 	$L__BB0_9;
	rem.u64 	%rd127, %rd125, %rd34;
	bra.uni 	$L__BB0_10;
$L__BB0_9:
	cvt.u32.u64 	%r15, %rd34;
	cvt.u32.u64 	%r16, %rd125;
	rem.u32 	%r17, %r16, %r15;
	cvt.u64.u32 	%rd127, %r17;
$L__BB0_10:
	add.s64 	%rd65, %rd130, -7046029254386353131;
	shr.u64 	%rd66, %rd65, 30;
	xor.b64  	%rd67, %rd66, %rd65;
	mul.lo.s64 	%rd68, %rd67, -4658895280553007687;
	shr.u64 	%rd69, %rd68, 27;
	xor.b64  	%rd70, %rd69, %rd68;
	mul.lo.s64 	%rd71, %rd70, -7723592293110705685;
	shr.u64 	%rd72, %rd71, 31;
	xor.b64  	%rd73, %rd72, %rd71;
	add.s64 	%rd74, %rd127, -3335678366873096957;
	xor.b64  	%rd75, %rd73, %rd74;
	shr.u64 	%rd76, %rd75, 30;
	xor.b64  	%rd77, %rd76, %rd75;
	mul.lo.s64 	%rd78, %rd77, -4658895280553007687;
	shr.u64 	%rd79, %rd78, 27;
	xor.b64  	%rd80, %rd79, %rd78;
	mul.lo.s64 	%rd81, %rd80, -7723592293110705685;
	shr.u64 	%rd82, %rd81, 31;
	xor.b64  	%rd83, %rd82, %rd81;
	add.s64 	%rd84, %rd83, -7046029254386353131;
	shr.u64 	%rd85, %rd84, 30;
	xor.b64  	%rd86, %rd85, %rd84;
	mul.lo.s64 	%rd87, %rd86, -4658895280553007687;
	shr.u64 	%rd88, %rd87, 27;
	xor.b64  	%rd89, %rd88, %rd87;
	mul.lo.s64 	%rd90, %rd89, -7723592293110705685;
	shr.u64 	%rd91, %rd90, 31;
	add.s64 	%rd92, %rd126, -3335678366873096957;
	xor.b64  	%rd93, %rd90, %rd92;
	xor.b64  	%rd94, %rd93, %rd91;
	shr.u64 	%rd95, %rd94, 30;
	xor.b64  	%rd96, %rd95, %rd94;
	mul.lo.s64 	%rd97, %rd96, -4658895280553007687;
	shr.u64 	%rd98, %rd97, 27;
	xor.b64  	%rd99, %rd98, %rd97;
	mul.lo.s64 	%rd100, %rd99, -7723592293110705685;
	shr.u64 	%rd101, %rd100, 31;
	xor.b64  	%rd130, %rd101, %rd100;
$L__BB0_11:
	cvta.to.global.u64 	%rd20, %rd31;
	mov.u64 	%rd129, 0;
$L__BB0_12:
	add.s64 	%rd103, %rd130, -7046029254386353131;
	shr.u64 	%rd104, %rd103, 30;
	xor.b64  	%rd105, %rd104, %rd103;
	mul.lo.s64 	%rd106, %rd105, -4658895280553007687;
	shr.u64 	%rd107, %rd106, 27;
	xor.b64  	%rd108, %rd107, %rd106;
	mul.lo.s64 	%rd109, %rd108, -7723592293110705685;
	shr.u64 	%rd110, %rd109, 31;
	xor.b64  	%rd111, %rd109, %rd110;
	xor.b64  	%rd112, %rd111, -3335678366873096957;
	shr.u64 	%rd113, %rd112, 30;
	xor.b64  	%rd114, %rd113, %rd112;
	mul.lo.s64 	%rd115, %rd114, -4658895280553007687;
	shr.u64 	%rd116, %rd115, 27;
	xor.b64  	%rd117, %rd116, %rd115;
	mul.lo.s64 	%rd118, %rd117, -7723592293110705685;
	shr.u64 	%rd119, %rd118, 31;
	xor.b64  	%rd130, %rd119, %rd118;
	add.s64 	%rd129, %rd129, 1;
	setp.le.u64 	%p6, %rd129, %rd36;
	@%p6 bra 	$L__BB0_12;
	mov.u32 	%r1, %ntid.x;
	mov.u32 	%r18, %ctaid.y;
	mov.u32 	%r19, %tid.x;
	mad.lo.s32 	%r20, %r18, %r1, %r19;
	cvt.u64.u32 	%rd131, %r20;
	setp.ge.u64 	%p7, %rd131, %rd37;
	@%p7 bra 	$L__BB0_16;
	mov.u32 	%r21, %nctaid.y;
	mul.lo.s32 	%r22, %r21, %r1;
	cvt.u64.u32 	%rd27, %r22;
	mul.lo.s64 	%rd28, %rd1, %rd37;
	shr.u64 	%rd120, %rd130, 32;
	cvt.u32.u64 	%r2, %rd120;
	cvt.u32.u64 	%r3, %rd130;
$L__BB0_15:
	cvt.u32.u64 	%r23, %rd131;
	add.s32 	%r24, %r23, %r3;
	shr.u32 	%r25, %r24, 16;
	xor.b32  	%r26, %r25, %r24;
	mul.lo.s32 	%r27, %r26, 2146121005;
	xor.b32  	%r28, %r27, %r2;
	shr.u32 	%r29, %r28, 15;
	xor.b32  	%r30, %r29, %r28;
	mul.lo.s32 	%r31, %r30, -2073254261;
	shr.u32 	%r32, %r31, 16;
	xor.b32  	%r33, %r32, %r31;
	setp.lt.u32 	%p8, %r33, %r4;
	selp.b32 	%r34, %r5, 0, %p8;
	add.s64 	%rd121, %rd131, %rd28;
	shl.b64 	%rd122, %rd121, 2;
	add.s64 	%rd123, %rd20, %rd122;
	st.global.u32 	[%rd123], %r34;
	add.s64 	%rd131, %rd131, %rd27;
	setp.lt.u64 	%p9, %rd131, %rd37;
	@%p9 bra 	$L__BB0_15;
$L__BB0_16:
	ret;
}
.visible .entry mask_16(
	.param .u64 mask_16_param_0,
	.param .u64 mask_16_param_1,
	.param .align 8 .b8 mask_16_param_2[32],
	.param .u64 mask_16_param_3,
	.param .u32 mask_16_param_4,
	.param .u32 mask_16_param_5
)
{
	.reg .pred 	%p<10>;
	.reg .b16 	%rs<3>;
	.reg .b32 	%r<34>;
	.reg .b64 	%rd<132>;
	ld.param.u64 	%rd31, [mask_16_param_0];
	ld.param.u64 	%rd32, [mask_16_param_1];
	ld.param.u64 	%rd37, [mask_16_param_3];
	ld.param.u32 	%r4, [mask_16_param_4];
	ld.param.u32 	%r5, [mask_16_param_5];
	ld.param.u64 	%rd36, [mask_16_param_2+24];
	ld.param.u64 	%rd35, [mask_16_param_2+16];
	ld.param.u64 	%rd34, [mask_16_param_2+8];
	ld.param.u64 	%rd33, [mask_16_param_2];
	mov.u32 	%r6, %ctaid.x;
	cvt.u64.u32 	%rd1, %r6;
	setp.eq.s64 	%p1, %rd34, 0;
	mul.lo.s64 	%rd38, %rd34, %rd35;
	selp.b64 	%rd4, 1, %rd38, %p1;
	and.b64  	%rd39, %rd4, -4294967296;
	setp.eq.s64 	%p2, %rd39, 0;
	@%p2 bra 	$L__BB1_2;
	div.u64 	%rd124, %rd1, %rd4;
	bra.uni 	$L__BB1_3;
$L__BB1_2:
	cvt.u32.u64 	%r7, %rd4;
	cvt.u32.u64 	%r8, %rd1;
	div.u32 	%r9, %r8, %r7;
	cvt.u64.u32 	%rd124, %r9;
$L__BB1_3:
	cvta.to.global.u64 	%rd40, %rd32;
	shl.b64 	%rd41, %rd124, 3;
	add.s64 	%rd42, %rd40, %rd41;
	ld.global.u64 	%rd43, [%rd42];
	add.s64 	%rd44, %rd43, -7046029254386353131;
	shr.u64 	%rd45, %rd44, 30;
	xor.b64  	%rd46, %rd45, %rd44;
	mul.lo.s64 	%rd47, %rd46, -4658895280553007687;
	shr.u64 	%rd48, %rd47, 27;
	xor.b64  	%rd49, %rd48, %rd47;
	mul.lo.s64 	%rd50, %rd49, -7723592293110705685;
	shr.u64 	%rd51, %rd50, 31;
	add.s64 	%rd52, %rd33, -3335678366873096957;
	xor.b64  	%rd53, %rd50, %rd52;
	xor.b64  	%rd54, %rd53, %rd51;
	shr.u64 	%rd55, %rd54, 30;
	xor.b64  	%rd56, %rd55, %rd54;
	mul.lo.s64 	%rd57, %rd56, -4658895280553007687;
	shr.u64 	%rd58, %rd57, 27;
	xor.b64  	%rd59, %rd58, %rd57;
	mul.lo.s64 	%rd60, %rd59, -7723592293110705685;
	shr.u64 	%rd61, %rd60, 31;
	xor.b64  	%rd130, %rd61, %rd60;
	@%p1 bra 	$L__BB1_11;
	and.b64  	%rd62, %rd35, -4294967296;
	setp.eq.s64 	%p4, %rd62, 0;
	@%p4 bra 	$L__BB1_6;
	div.u64 	%rd125, %rd1, %rd35;
	mul.lo.s64 	%rd63, %rd125, %rd35;
	sub.s64 	%rd126, %rd1, %rd63;
	bra.uni 	$L__BB1_7;
$L__BB1_6:
	cvt.u32.u64 	%r10, %rd35;
	cvt.u32.u64 	%r11, %rd1;
	div.u32 	%r12, %r11, %r10;
	mul.lo.s32 	%r13, %r12, %r10;
	sub.s32 	%r14, %r11, %r13;
	cvt.u64.u32 	%rd125, %r12;
	cvt.u64.u32 	%rd126, %r14;
$L__BB1_7:
	and.b64  	%rd64, %rd34, -4294967296;
	setp.eq.s64 	%p5, %rd64, 0;
	@%p5 bra 	$L__BB1_9;
	rem.u64 	%rd127, %rd125, %rd34;
	bra.uni 	$L__BB1_10;
$L__BB1_9:
	cvt.u32.u64 	%r15, %rd34;
	cvt.u32.u64 	%r16, %rd125;
	rem.u32 	%r17, %r16, %r15;
	cvt.u64.u32 	%rd127, %r17;
$L__BB1_10:
	add.s64 	%rd65, %rd130, -7046029254386353131;
	shr.u64 	%rd66, %rd65, 30;
	xor.b64  	%rd67, %rd66, %rd65;
	mul.lo.s64 	%rd68, %rd67, -4658895280553007687;
	shr.u64 	%rd69, %rd68, 27;
	xor.b64  	%rd70, %rd69, %rd68;
	mul.lo.s64 	%rd71, %rd70, -7723592293110705685;
	shr.u64 	%rd72, %rd71, 31;
	xor.b64  	%rd73, %rd72, %rd71;
	add.s64 	%rd74, %rd127, -3335678366873096957;
	xor.b64  	%rd75, %rd73, %rd74;
	shr.u64 	%rd76, %rd75, 30;
	xor.b64  	%rd77, %rd76, %rd75;
	mul.lo.s64 	%rd78, %rd77, -4658895280553007687;
	shr.u64 	%rd79, %rd78, 27;
	xor.b64  	%rd80, %rd79, %rd78;
	mul.lo.s64 	%rd81, %rd80, -7723592293110705685;
	shr.u64 	%rd82, %rd81, 31;
	xor.b64  	%rd83, %rd82, %rd81;
	add.s64 	%rd84, %rd83, -7046029254386353131;
	shr.u64 	%rd85, %rd84, 30;
	xor.b64  	%rd86, %rd85, %rd84;
	mul.lo.s64 	%rd87, %rd86, -4658895280553007687;
	shr.u64 	%rd88, %rd87, 27;
	xor.b64  	%rd89, %rd88, %rd87;
	mul.lo.s64 	%rd90, %rd89, -7723592293110705685;
	shr.u64 	%rd91, %rd90, 31;
	add.s64 	%rd92, %rd126, -3335678366873096957;
	xor.b64  	%rd93, %rd90, %rd92;
	xor.b64  	%rd94, %rd93, %rd91;
	shr.u64 	%rd95, %rd94, 30;
	xor.b64  	%rd96, %rd95, %rd94;
	mul.lo.s64 	%rd97, %rd96, -4658895280553007687;
	shr.u64 	%rd98, %rd97, 27;
	xor.b64  	%rd99, %rd98, %rd97;
	mul.lo.s64 	%rd100, %rd99, -7723592293110705685;
	shr.u64 	%rd101, %rd100, 31;
	xor.b64  	%rd130, %rd101, %rd100;
$L__BB1_11:
	cvta.to.global.u64 	%rd20, %rd31;
	cvt.u16.u32 	%rs1, %r5;
	mov.u64 	%rd129, 0;
$L__BB1_12:
	add.s64 	%rd103, %rd130, -7046029254386353131;
	shr.u64 	%rd104, %rd103, 30;
	xor.b64  	%rd105, %rd104, %rd103;
	mul.lo.s64 	%rd106, %rd105, -4658895280553007687;
	shr.u64 	%rd107, %rd106, 27;
	xor.b64  	%rd108, %rd107, %rd106;
	mul.lo.s64 	%rd109, %rd108, -7723592293110705685;
	shr.u64 	%rd110, %rd109, 31;
	xor.b64  	%rd111, %rd109, %rd110;
	xor.b64  	%rd112, %rd111, -3335678366873096957;
	shr.u64 	%rd113, %rd112, 30;
	xor.b64  	%rd114, %rd113, %rd112;
	mul.lo.s64 	%rd115, %rd114, -4658895280553007687;
	shr.u64 	%rd116, %rd115, 27;
	xor.b64  	%rd117, %rd116, %rd115;
	mul.lo.s64 	%rd118, %rd117, -7723592293110705685;
	shr.u64 	%rd119, %rd118, 31;
	xor.b64  	%rd130, %rd119, %rd118;
	add.s64 	%rd129, %rd129, 1;
	setp.le.u64 	%p6, %rd129, %rd36;
	@%p6 bra 	$L__BB1_12;
	mov.u32 	%r1, %ntid.x;
	mov.u32 	%r18, %ctaid.y;
	mov.u32 	%r19, %tid.x;
	mad.lo.s32 	%r20, %r18, %r1, %r19;
	cvt.u64.u32 	%rd131, %r20;
	setp.ge.u64 	%p7, %rd131, %rd37;
	@%p7 bra 	$L__BB1_16;
	mov.u32 	%r21, %nctaid.y;
	mul.lo.s32 	%r22, %r21, %r1;
	cvt.u64.u32 	%rd27, %r22;
	mul.lo.s64 	%rd28, %rd1, %rd37;
	shr.u64 	%rd120, %rd130, 32;
	cvt.u32.u64 	%r2, %rd120;
	cvt.u32.u64 	%r3, %rd130;
$L__BB1_15:
	cvt.u32.u64 	%r23, %rd131;
	add.s32 	%r24, %r23, %r3;
	shr.u32 	%r25, %r24, 16;
	xor.b32  	%r26, %r25, %r24;
	mul.lo.s32 	%r27, %r26, 2146121005;
	xor.b32  	%r28, %r27, %r2;
	shr.u32 	%r29, %r28, 15;
	xor.b32  	%r30, %r29, %r28;
	mul.lo.s32 	%r31, %r30, -2073254261;
	shr.u32 	%r32, %r31, 16;
	xor.b32  	%r33, %r32, %r31;
	setp.lt.u32 	%p8, %r33, %r4;
	selp.b16 	%rs2, %rs1, 0, %p8;
	add.s64 	%rd121, %rd131, %rd28;
	shl.b64 	%rd122, %rd121, 1;
	add.s64 	%rd123, %rd20, %rd122;
	st.global.u16 	[%rd123], %rs2;
	add.s64 	%rd131, %rd131, %rd27;
	setp.lt.u64 	%p9, %rd131, %rd37;
	@%p9 bra 	$L__BB1_15;
$L__BB1_16:
	ret;
}
)ptx"
