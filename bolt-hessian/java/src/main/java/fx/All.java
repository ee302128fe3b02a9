package fx;

import java.io.Serializable;
import java.math.BigDecimal;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A field of every kind. */
public class All implements Serializable {
    public boolean z;
    public byte b;
    public short s;
    public int i;
    public long l;
    public float f;
    public double d;
    public char c;
    public Boolean boxedZ;
    public Integer boxedI;
    public Long boxedL;
    public Double boxedD;
    public String str;
    public Date date;
    public Color color;
    public BigDecimal dec;
    public byte[] bytes;
    public char[] chars;
    public int[] ints;
    public long[] longs;
    public double[] doubles;
    public String[] strs;
    public Object[] objs;
    public Pt[] pts;
    public List<Object> list;
    public Set<Object> set;
    public Map<Object, Object> map;
    public Object any;
    public Number num;
    public Pt pt;
}
