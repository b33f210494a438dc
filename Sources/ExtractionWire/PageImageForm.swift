/// The one form that a page image has: a PNG of RGB with 8 bits, not interlaced, of the chunks IHDR, IDAT and IEND alone. So it
/// carries nothing but pixels, whoever made it.
enum PageImageForm {
    private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    /// Length and name before a chunk's data, checksum behind it.
    private static let chunkSize = 12

    /// The size in pixels; `nil` for bytes of any other form. The pixels themselves are not looked at.
    static func size(of png: UnsafeRawBufferPointer) -> (width: Int, height: Int)? {
        guard png.count >= signature.count, png.prefix(signature.count).elementsEqual(signature) else { return nil }
        var offset = signature.count
        var size: (width: Int, height: Int)?
        var hasPixels = false
        while png.count - offset >= chunkSize {
            let length = Int(number(png, offset))
            let data = offset + 8
            guard length <= png.count - offset - chunkSize else { return nil }
            switch Array(png[offset + 4..<data]) {
            case Array("IHDR".utf8) where size == nil:
                // Depth 8, colour RGB, and the only methods that there are; not interlaced.
                guard length == 13, Array(png[data + 8..<data + 13]) == [8, 2, 0, 0, 0] else { return nil }
                size = (Int(number(png, data)), Int(number(png, data + 4)))
            case Array("IDAT".utf8) where size != nil:
                hasPixels = true
            case Array("IEND".utf8) where length == 0 && hasPixels && offset + chunkSize == png.count:
                return size
            default:
                return nil
            }
            offset += chunkSize + length
        }
        return nil
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt32 {
        UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
}
