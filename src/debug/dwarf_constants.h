// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The numbers of DWARF (version 5, chapter 7; GNU's from the time of version 4) that a reader of
// positions needs.
#pragma once

#include "base/ints.h"

namespace wazuka::debug::dw {

enum UnitType : u8 {
  kCompile = 0x01,
  kType = 0x02,
  kPartial = 0x03,
  kSkeleton = 0x04,
  kSplitCompile = 0x05,
  kSplitType = 0x06
};

enum Tag : u16 { kTagInlinedSubroutine = 0x1d, kTagSubprogram = 0x2e };

enum Attribute : u16 {
  kAtName = 0x03,
  kAtStmtList = 0x10,
  kAtLowPc = 0x11,
  kAtHighPc = 0x12,
  kAtCompDir = 0x1b,
  kAtAbstractOrigin = 0x31,
  kAtSpecification = 0x47,
  kAtRanges = 0x55,
  kAtCallColumn = 0x57,
  kAtCallFile = 0x58,
  kAtCallLine = 0x59,
  kAtLinkageName = 0x6e,
  kAtStrOffsetsBase = 0x72,
  kAtAddrBase = 0x73,
  kAtRnglistsBase = 0x74,
  kAtMipsLinkageName = 0x2007
};

enum Form : u16 {
  kFormAddr = 0x01,
  kFormBlock2 = 0x03,
  kFormBlock4 = 0x04,
  kFormData2 = 0x05,
  kFormData4 = 0x06,
  kFormData8 = 0x07,
  kFormString = 0x08,
  kFormBlock = 0x09,
  kFormBlock1 = 0x0a,
  kFormData1 = 0x0b,
  kFormFlag = 0x0c,
  kFormSdata = 0x0d,
  kFormStrp = 0x0e,
  kFormUdata = 0x0f,
  kFormRefAddr = 0x10,
  kFormRef1 = 0x11,
  kFormRef2 = 0x12,
  kFormRef4 = 0x13,
  kFormRef8 = 0x14,
  kFormRefUdata = 0x15,
  kFormIndirect = 0x16,
  kFormSecOffset = 0x17,
  kFormExprloc = 0x18,
  kFormFlagPresent = 0x19,
  kFormStrx = 0x1a,
  kFormAddrx = 0x1b,
  kFormRefSup4 = 0x1c,
  kFormStrpSup = 0x1d,
  kFormData16 = 0x1e,
  kFormLineStrp = 0x1f,
  kFormRefSig8 = 0x20,
  kFormImplicitConst = 0x21,
  kFormLoclistx = 0x22,
  kFormRnglistx = 0x23,
  kFormRefSup8 = 0x24,
  kFormStrx1 = 0x25,
  kFormStrx2 = 0x26,
  kFormStrx3 = 0x27,
  kFormStrx4 = 0x28,
  kFormAddrx1 = 0x29,
  kFormAddrx2 = 0x2a,
  kFormAddrx3 = 0x2b,
  kFormAddrx4 = 0x2c,
  kFormGnuAddrIndex = 0x1f01,
  kFormGnuStrIndex = 0x1f02,
  kFormGnuRefAlt = 0x1f20,
  kFormGnuStrpAlt = 0x1f21
};

enum RangeListEntry : u8 {
  kRleEndOfList = 0x00,
  kRleBaseAddressx = 0x01,
  kRleStartxEndx = 0x02,
  kRleStartxLength = 0x03,
  kRleOffsetPair = 0x04,
  kRleBaseAddress = 0x05,
  kRleStartEnd = 0x06,
  kRleStartLength = 0x07
};

enum LineOpcode : u8 {
  kLnsExtended = 0x00,
  kLnsCopy = 0x01,
  kLnsAdvancePc = 0x02,
  kLnsAdvanceLine = 0x03,
  kLnsSetFile = 0x04,
  kLnsSetColumn = 0x05,
  kLnsConstAddPc = 0x08,
  kLnsFixedAdvancePc = 0x09,
  kLneEndSequence = 0x01,
  kLneSetAddress = 0x02
};

enum LineContent : u16 { kLnctPath = 0x01, kLnctDirectoryIndex = 0x02 };

}  // namespace wazuka::debug::dw
