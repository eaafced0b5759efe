"""The file with which a bank pays many accounts from one (全銀フォーマット, 総合振込): values to bytes and back.

Arithmetic only: no bank is called, no file opened, no clock asked. `values.py` is what can be paid, and refuses what
cannot; `kana.py` writes a name as banks do; `writing.py` makes the file, and `reading.py` reads it back and believes
nothing.

The layout is that of 全国銀行協会 (適用業務およびレコード・フォーマット, section 8 and appendix 1,
<https://www.zenginkyo.or.jp/abstract/efforts/system/protocol/>), as banks print it for their customers (such as
<https://www.gunmabank.co.jp/hojin/biznb/service/pdf/z_format1.pdf>). Where banks differ, the narrower reading is taken.
"""
