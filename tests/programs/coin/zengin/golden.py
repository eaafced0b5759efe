"""A small file as the published tables have it, written out by hand, and the batch that it pays."""

from programs.coin.zengin.values import Account, AccountKind, Batch, CustomerCodes, Edi, MonthDay, Payer, Transfer

BATCH = Batch(
    Payer("0000012345", "ﾄｳﾀﾞｲﾏﾁ ｺｲﾝ", Account("9999", "001", AccountKind.ORDINARY, "0012345", "ﾄｳﾀﾞｲ", "ﾎﾝﾃﾝ")),
    MonthDay(11, 30),
    (
        Transfer(
            Account("9998", "102", AccountKind.CURRENT, "7654321", "ﾐﾅﾄｼﾝｷﾝ", "ｴｷﾏｴ"),
            "ｶ)ﾏﾙﾔ",
            123_456,
            CustomerCodes("0000000042"),
        ),
        Transfer(Account("9999", "003", AccountKind.SAVINGS, "0000007"), "ﾊﾟﾝﾔ ﾊﾅｺ", 1, Edi("2026/11 ｺｲﾝ")),
    ),
)

HEADER = (
    b"1"  # データ区分
    b"21"  # 種別コード
    b"0"  # コード区分
    b"0000012345"  # 委託者コード
    b"\xc4\xb3\xc0\xde\xb2\xcf\xc1 \xba\xb2\xdd                             "  # 委託者名: 11 and 29 spaces
    b"1130"  # 振込指定日
    b"9999"  # 仕向銀行番号
    b"\xc4\xb3\xc0\xde\xb2          "  # 仕向銀行名: 5 and 10
    b"001"  # 仕向支店番号
    b"\xce\xdd\xc3\xdd           "  # 仕向支店名: 4 and 11
    b"1"  # 預金種目
    b"0012345"  # 口座番号
    b"                 "  # ダミー: 17
)
TO_A_SHOP = (
    b"2"  # データ区分
    b"9998"  # 被仕向銀行番号
    b"\xd0\xc5\xc4\xbc\xdd\xb7\xdd        "  # 被仕向銀行名: 7 and 8
    b"102"  # 被仕向支店番号
    b"\xb4\xb7\xcf\xb4           "  # 被仕向支店名: 4 and 11
    b"0000"  # 手形交換所番号
    b"2"  # 預金種目
    b"7654321"  # 口座番号
    b"\xb6)\xcf\xd9\xd4                         "  # 受取人名: 5 and 25
    b"0000123456"  # 振込金額
    b"0"  # 新規コード
    b"0000000042"  # 顧客コード1
    b"0000000000"  # 顧客コード2
    b"7"  # 振込指定区分
    b" "  # 識別表示
    b"       "  # ダミー: 7
)
TO_A_BAKER = (
    b"2"
    b"9999"
    b"               "  # 15
    b"003"
    b"               "  # 15
    b"0000"
    b"4"
    b"0000007"
    b"\xca\xdf\xdd\xd4 \xca\xc5\xba                      "  # 8 and 22
    b"0000000001"
    b"0"
    b"2026/11 \xba\xb2\xdd         "  # EDI情報: 11 and 9
    b"7"
    b"Y"
    b"       "
)
TRAILER = (
    b"8"
    b"000002"  # 合計件数
    b"000000123457"  # 合計金額
    b"                                                  "  # ダミー: 101
    b"                                                   "
)
END = (
    b"9"
    b"                                                            "  # ダミー: 119
    b"                                                           "
)
RECORDS = (HEADER, TO_A_SHOP, TO_A_BAKER, TRAILER, END)
FILE = b"".join(RECORDS)
FILE_IN_LINES = b"".join(record + b"\r\n" for record in RECORDS)
