package symbol

// encoding is what the sizes of forms depend on.
type encoding struct {
	version    uint16
	addrSize   uint8
	offsetSize uint8
}

const (
	sizeVaries  = -1
	sizeUnknown = -2
)

// formSize returns how many bytes a value of the form takes, or why that cannot be
// said.
func (e encoding) formSize(form uint16) int {
	switch form {
	case formFlagPresent, formImplicitConst:
		return 0
	case formData1, formFlag, formRef1, formStrx1, formAddrx1:
		return 1
	case formData2, formRef2, formStrx2, formAddrx2:
		return 2
	case formStrx3, formAddrx3:
		return 3
	case formData4, formRef4, formRefSup4, formStrx4, formAddrx4:
		return 4
	case formData8, formRef8, formRefSig8, formRefSup8:
		return 8
	case formData16:
		return 16
	case formAddr:
		return int(e.addrSize)
	case formStrp, formSecOffset, formStrpSup, formLineStrp, formGNURefAlt, formGNUStrpAlt:
		return int(e.offsetSize)
	case formRefAddr:
		if e.version <= 2 {
			return int(e.addrSize)
		}
		return int(e.offsetSize)
	case formString, formBlock, formBlock1, formBlock2, formBlock4, formExprloc, formSdata, formUdata,
		formRefUdata, formStrx, formAddrx, formLoclistx, formRnglistx, formIndirect, formGNUAddrIndex, formGNUStrIndex:
		return sizeVaries
	}
	return sizeUnknown
}

// skip moves behind a value of the form.
func (e encoding) skip(c *cursor, form uint16) {
	switch form {
	case formString:
		c.text()
	case formBlock, formExprloc:
		c.skip(c.uleb())
	case formBlock1:
		c.skip(uint64(c.u8()))
	case formBlock2:
		c.skip(uint64(c.u16()))
	case formBlock4:
		c.skip(uint64(c.u32()))
	case formSdata, formUdata, formRefUdata, formStrx, formAddrx, formLoclistx, formRnglistx, formGNUAddrIndex, formGNUStrIndex:
		c.uleb()
	case formIndirect:
		e.skip(c, e.indirect(c))
	default:
		if n := e.formSize(form); n >= 0 {
			c.skip(uint64(n))
		} else {
			c.fail()
		}
	}
}

// indirect reads the form that an indirect value has. It is neither indirect nor a
// constant of the abbreviation (DWARF 5, section 7.5.3).
func (e encoding) indirect(c *cursor) uint16 {
	form := c.uleb()
	if form > 0xffff || form == formIndirect || form == formImplicitConst {
		c.fail()
		return formFlagPresent
	}
	return uint16(form)
}

// value is an attribute's value before it is looked up in other sections.
type value struct {
	form uint16
	// u is the number, the offset or the index; for a string within the section
	// it is the place where that starts.
	u uint64
}

// read reads a value of the form. Blocks are skipped.
func (e encoding) read(c *cursor, form uint16, implicit int64) value {
	v := value{form: form}
	switch form {
	case formString:
		v.u = uint64(c.pos)
		c.text()
	case formSdata:
		v.u = uint64(c.sleb())
	case formUdata, formRefUdata, formStrx, formAddrx, formLoclistx, formRnglistx, formGNUAddrIndex, formGNUStrIndex:
		v.u = c.uleb()
	case formImplicitConst:
		v.u = uint64(implicit)
	case formFlagPresent:
		v.u = 1
	case formIndirect:
		return e.read(c, e.indirect(c), 0)
	case formData16:
		c.skip(16)
	default:
		if n := e.formSize(form); n > 0 {
			v.u = c.uint(n)
		} else {
			e.skip(c, form)
		}
	}
	return v
}

// isAddress reports whether the value stands for an address, and not for a number.
func (v value) isAddress() bool {
	switch v.form {
	case formAddr, formAddrx, formAddrx1, formAddrx2, formAddrx3, formAddrx4, formGNUAddrIndex:
		return true
	}
	return false
}
