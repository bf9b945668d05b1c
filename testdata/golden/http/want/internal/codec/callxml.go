package codec

// XMLBody makes what was written the body, as an XML document.
func (c *Call) XMLBody(media string, types XMLTypes, root XML) {
	if c.Encoder.err == nil {
		c.buf, c.Encoder.err = documentXML(types, root, c.buf)
	}
	c.JSONBody(media)
}
