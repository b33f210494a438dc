import CPoppler
import Glibc

/// The text of a page with its words kept apart.
///
/// `poppler_page_get_text` writes words of neighbouring table cells without anything between them ("Nội dungCách học"), so
/// neither could be found. Poppler's layout, a rectangle for each character, shows the gaps; a tab is put into them.
enum PageText {
    /// A gap this wide, in parts of the characters' size, parts words. Poppler itself takes 0.15 of the font size for a space.
    private static let gap = 0.2

    /// Hands the page's text, UTF-8, to `body`; nothing where the page has none.
    static func with(_ page: OpaquePointer, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        guard let text = poppler_page_get_text(page) else { return body(UnsafeBufferPointer(start: nil, count: 0)) }
        defer { g_free(text) }
        let length = strlen(text)
        var rectangles: UnsafeMutablePointer<PopplerRectangle>?
        var count: guint = 0
        let hasLayout = poppler_page_get_text_layout(page, &rectangles, &count) != 0
        defer { g_free(rectangles) }
        text.withMemoryRebound(to: UInt8.self, capacity: length) { bytes in
            let text = UnsafeBufferPointer(start: bytes, count: length)
            if hasLayout, let rectangles, let parted = parted(text, UnsafeBufferPointer(start: rectangles, count: Int(count))) {
                parted.withUnsafeBufferPointer(body)
            } else {
                body(text)
            }
        }
    }

    /// The text with tabs in the gaps; `nil` when it has none or the layout is not the text's.
    private static func parted(
        _ text: UnsafeBufferPointer<UInt8>, _ layout: UnsafeBufferPointer<PopplerRectangle>
    ) -> [UInt8]? {
        var gaps: [Int] = []
        var character = -1
        var previousIsWord = false
        for (offset, byte) in text.enumerated() where byte & 0xC0 != 0x80 {
            character += 1
            guard character < layout.count else { return nil }
            let isWord = byte > 0x20
            if isWord, previousIsWord, isGap(layout[character - 1], layout[character]) { gaps.append(offset) }
            previousIsWord = isWord
        }
        guard !gaps.isEmpty, character + 1 == layout.count else { return nil }
        var parted: [UInt8] = []
        parted.reserveCapacity(text.count + gaps.count)
        var start = 0
        for gap in gaps {
            parted.append(contentsOf: text[start..<gap])
            parted.append(UInt8(ascii: "\t"))
            start = gap
        }
        parted.append(contentsOf: text[start...])
        return parted
    }

    /// Whether two characters that follow one another stand apart, in whatever direction the text runs.
    private static func isGap(_ left: PopplerRectangle, _ right: PopplerRectangle) -> Bool {
        let across = max(right.x1 - left.x2, left.x1 - right.x2)
        let along = max(right.y1 - left.y2, left.y1 - right.y2)
        let size = max(left.x2 - left.x1, left.y2 - left.y1, right.x2 - right.x1, right.y2 - right.y1)
        return max(across, along) > gap * size
    }
}
